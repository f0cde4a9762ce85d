// Coming back: twice, with something else in mind, or to take it back.
//
// Spec: RFC 9635 §5, §5.1, §5.3, §5.4; threats G2, G4, G12, G14

import assert from 'node:assert/strict';
import { CALENDAR, PHOTOS, pause } from './stage.mjs';

const READING = { ...PHOTOS, actions: ['read'] };

export function continuationCases(stage) {
  const refused = (promise, code, status) => assert.rejects(promise, { code, status });
  const isActive = async (token) => (await stage.introspect(token)).active;

  return {
    async 'rfc9635_5_1 a reference is good once: of two at the same time one wins'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      await stage.decide(grant.interact.redirect);
      const reference = await stage.brought(grant);
      const tries = [grant.copy(), grant.copy(), grant.copy()];
      const ends = await Promise.allSettled(tries.map((each) => each.proceed(reference)));
      const won = ends.filter(({ status }) => status === 'fulfilled');
      assert.equal(won.length, 1, ends.map(({ reason }) => reason?.message).join());
      for (const { reason } of ends.filter(({ status }) => status === 'rejected')) assert.ok(['too_many_attempts', 'invalid_continuation'].includes(reason.code), reason.message);
    },

    async 'g2 the token of a continuation is worth nothing with another key, nor elsewhere'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      const thief = await stage.client();
      const stolen = grant.copy();
      stolen.client = thief;
      await refused(stolen.proceed('anything'), 'invalid_client', 401);
      const other = await thief.ask(stage.redirected());
      const mixed = other.copy();
      mixed.next = { ...other.next, uri: grant.next.uri };
      await refused(mixed.proceed('anything'), 'invalid_continuation', 401);
      await stage.through(grant);
      assert.equal(await isActive(grant.next.access_token.value), false);
      assert.equal(await isActive(grant.token.manage.access_token.value), false);
      await refused(client.rotate({ manage: { ...grant.token.manage, access_token: grant.next.access_token } }), 'invalid_rotation', 400);
    },

    async 'rfc9635_5_3 a change before the answer is what the person sees'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      await grant.modify({ access_token: { access: [CALENDAR] } });
      assert.ok(grant.next);
      let shown = '';
      await stage.decide(grant.interact.redirect, { see: async (page, at) => { if (at === '#approve') shown = await page.textContent('main'); } });
      assert.ok(shown.includes('calendar-api') && !shown.includes('album-7'), shown);
      await grant.proceed(await stage.brought(grant));
      assert.deepEqual(grant.token.access, [CALENDAR]);
    },

    async 'rfc9635_5_3 a change may bring another way to the person'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      const old = grant.interact;
      await grant.modify({ interact: { start: ['redirect'], finish: stage.finish('redirect', { hash_method: 'sha-512' }) } });
      assert.notEqual(grant.interact.redirect, old.redirect);
      assert.ok((await stage.through(grant)).token);
    },

    async 'g14 after the answer, less comes at once and more is asked for; what was given stays'() {
      const client = await stage.client();
      const grant = await stage.through(await client.ask(stage.redirected()));
      const given = grant.token;
      await grant.modify({ access_token: { access: [READING] } });
      assert.deepEqual(grant.token.access, [READING]);
      assert.ok(await isActive(given.value));
      grant.tokens = undefined;
      await grant.modify({ access_token: { access: [PHOTOS, CALENDAR] }, interact: { start: ['redirect'], finish: stage.finish() } });
      assert.equal(grant.tokens, undefined, 'nobody has agreed to that');
      assert.ok(await isActive(given.value));
      await stage.through(grant);
      assert.equal(grant.token.access.length, 2);
      assert.ok(await isActive(given.value));
    },

    async 'rfc9635_5_3 what a change must not hold'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      await refused(grant.modify({ client: client.self, access_token: { access: [CALENDAR] } }), 'invalid_request', 400);
      await refused(grant.modify({ interact_ref: 'x', access_token: { access: [CALENDAR] } }), 'invalid_request', 400);
      assert.ok((await stage.through(grant)).token);
    },

    async 'rfc9635_5_4 a client takes back what is pending'() {
      const client = await stage.client();
      const grant = await client.ask(stage.polled());
      assert.equal(await grant.cancel(), undefined);
      await pause(grant);
      await refused(grant.poll(), 'invalid_continuation', 401);
      await refused(grant.modify({ access_token: { access: [CALENDAR] } }), 'invalid_continuation', 401);
    },

    async 'rfc9635_5_4 a client takes back what was given, with every token'() {
      const client = await stage.client();
      const grant = await stage.through(await client.ask(stage.redirected()));
      const rotated = await client.rotate(grant.token);
      assert.equal(await grant.cancel(), undefined);
      assert.equal(await isActive(rotated.value), false);
      await refused(client.rotate(rotated), 'invalid_rotation', 400);
      await refused(grant.modify({ access_token: { access: [READING] } }), 'invalid_continuation', 401);
    },
  };
}
