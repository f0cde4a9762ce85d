// Tokens: several at once, for bearers, another value, another key, the end; and names for clients.
//
// Spec: RFC 9635 §2.1, §2.1.1, §2.1.2, §2.3, §3.2, §3.5, §6; RFC 9421 §4.3

import assert from 'node:assert/strict';
import { draft, send } from './client.mjs';
import { Key } from './key.mjs';
import { CALENDAR, PHOTOS, Stage } from './stage.mjs';

export function tokenCases(stage) {
  const refused = (promise, code, status) => assert.rejects(promise, { code, status });
  const isActive = async (token) => (await stage.introspect(token)).active;
  const given = async (client, more) => (await stage.through(await client.ask(stage.redirected(more)))).token;

  const cases = {};
  for (const proof of ['httpsig', 'jwsd', 'jws']) {
    cases[`rfc9635_6_1_1 another key for a token, by ${proof}`] = async () => {
      const client = await stage.client('ES256', proof);
      const token = await given(client);
      const next = await Key.generate('EdDSA', proof);
      const moved = await client.rotateKey(token, next);
      assert.deepEqual(moved.access, token.access);
      assert.equal(await isActive(token.value), false);
      const told = await stage.introspect(moved.value);
      assert.ok(await next.isToldBy(told.key), JSON.stringify(told.key));
      await refused(client.rotate(moved), 'invalid_client', 401);
      const bearerOfNext = Object.assign(Object.create(Object.getPrototypeOf(client)), client, { key: next });
      const again = await bearerOfNext.rotate(moved);
      assert.equal(await bearerOfNext.revoke(again), undefined);
    };
  }

  return {
    ...cases,

    async 'rfc9635_2_1_2 several tokens by their labels'() {
      const client = await stage.client();
      const [photos, calendar] = [{ label: 'photos', access: [PHOTOS] }, { label: 'calendar', access: [CALENDAR, 'read-only'], flags: ['bearer'] }];
      const ask = (access_token) => client.ask(stage.redirected({ access_token }));
      const grant = await stage.through(await ask([photos, calendar]));
      assert.deepEqual(grant.tokens.map(({ label }) => label).sort(), ['calendar', 'photos']);
      const token = (name) => grant.tokens.find(({ label }) => label === name);
      assert.deepEqual(token('photos').access, [PHOTOS]);
      assert.deepEqual(token('photos').flags ?? [], []);
      assert.deepEqual(new Set(token('calendar').access), new Set([CALENDAR, 'read-only']));
      assert.deepEqual(token('calendar').flags, ['bearer']);
      const rotated = await client.rotate(token('photos'));
      assert.equal(rotated.label, 'photos');
      assert.ok(await isActive(token('calendar').value));
      const one = await stage.through(await ask([photos]));
      assert.ok(Array.isArray(one.answer.access_token));
      await refused(ask([photos, { ...calendar, label: 'photos' }]), 'invalid_request', 400);
      await refused(ask([{ access: [PHOTOS] }, calendar]), 'invalid_request', 400);
    },

    async 'rfc9635_2_1_1 a bearer token is managed by the key of its client'() {
      const client = await stage.client();
      const asked = (flags) => ({ access_token: { access: [PHOTOS], flags } });
      const token = await given(client, asked(['bearer']));
      assert.deepEqual(token.flags, ['bearer']);
      assert.equal(token.key, undefined);
      const told = await stage.introspect(token.value);
      assert.deepEqual([told.active, told.flags, told.key], [true, ['bearer'], undefined]);
      const rotated = await client.rotate(token);
      assert.deepEqual(rotated.flags, ['bearer']);
      await refused(client.rotateKey(rotated, await Key.generate('EdDSA')), 'invalid_rotation', 400);
      assert.ok(await isActive(rotated.value));
      await client.revoke(rotated);
      assert.equal(await isActive(rotated.value), false);
      await refused(client.ask(stage.redirected(asked(['bearer', 'bearer']))), 'invalid_flag', 400);
      await refused(client.ask(stage.redirected(asked(['durable']))), 'invalid_flag', 400);
    },

    async 'rfc9635_6 a bearer token of a registered client is managed by the key it is registered with'() {
      const agency = stage.registered('agency', stage.agency);
      const token = await given(agency, { access_token: { access: [PHOTOS], flags: ['bearer'] } });
      assert.deepEqual(token.flags, ['bearer']);
      const thief = await stage.client('ES256');
      await refused(thief.rotate(token), 'invalid_client', 401);
      await refused(thief.revoke(token), 'invalid_client', 401);
      const rotated = await agency.rotate(token);
      assert.deepEqual([await isActive(token.value), await isActive(rotated.value)], [false, true]);
      assert.equal(await agency.revoke(rotated), undefined);
      assert.equal(await isActive(rotated.value), false);
    },

    async 'rfc9635_6_1 another value ends the old one, and a lost answer is told again'() {
      const client = await stage.client();
      const token = await given(client);
      const rotated = await client.rotate(token);
      assert.deepEqual(rotated.access, token.access);
      assert.deepEqual([await isActive(token.value), await isActive(rotated.value)], [false, true]);
      const repeated = await client.rotate(token);
      assert.equal(repeated.value, rotated.value);
      const thief = await stage.client();
      await refused(thief.rotate(rotated), 'invalid_client', 401);
      await refused(thief.revoke(rotated), 'invalid_client', 401);
      assert.ok(await isActive(rotated.value));
    },

    async 'rfc9635_6_1 a token that expired is renewed by rotation'() {
      const short = await Stage.start({ lifetimes: { access_token: 1 } }, stage.browser);
      try {
        const client = await short.client();
        const grant = await short.through(await client.ask(short.redirected()));
        await new Promise((resolve) => setTimeout(resolve, 1100));
        assert.equal((await short.introspect(grant.token.value)).active, false);
        const rotated = await client.rotate(grant.token);
        assert.equal((await short.introspect(rotated.value)).active, true);
      } finally {
        await short.stop();
      }
    },

    async 'rfc9635_6_2 revoked twice is revoked'() {
      const client = await stage.client();
      const token = await given(client);
      assert.equal(await client.revoke(token), undefined);
      assert.equal(await client.revoke(token), undefined);
      assert.equal(await isActive(token.value), false);
      await refused(client.rotate(token), 'invalid_rotation', 400);
    },

    async 'rfc9635_7_3_1_1 a new key takes over only with both signatures, and by the same method'() {
      const client = await stage.client();
      const token = await given(client);
      const next = await Key.generate('ES256');
      const { uri, access_token } = token.manage;
      const request = draft('POST', uri, { token: access_token.value, content: { key: next.json } });
      await refused(send(await client.key.sign(request)), 'invalid_rotation', 400);
      await refused(send(await next.sign(request)), 'invalid_rotation', 400);
      const third = await Key.generate('EdDSA');
      await refused(send(await third.signOver(request, next)), 'invalid_rotation', 400);
      // Two signatures side by side do not hand anything over.
      const beside = await next.sign(await client.key.sign(request), { label: 'new', tag: 'gnap-rotate' });
      await refused(send(beside), 'invalid_rotation', 400);
      const other = await Key.generate('EdDSA', 'jwsd');
      const unlike = draft('POST', uri, { token: access_token.value, content: { key: other.json } });
      await refused(send(await client.key.signOver(unlike, next)), 'invalid_rotation', 400);
      assert.ok(await isActive(token.value));
      await client.rotateKey(token, next);
    },

    async 'rfc9635_3_5 a client is known again by its key and by the name it was given'() {
      const client = await stage.client();
      const first = await client.ask(stage.redirected());
      const { instance_id } = first.answer;
      assert.equal((await client.ask(stage.redirected())).answer.instance_id, instance_id);
      const named = stage.registered(instance_id, client.key);
      assert.ok((await stage.through(await named.ask(stage.redirected()))).token);
      const thief = stage.registered(instance_id, await Key.generate('EdDSA'));
      await refused(thief.ask(stage.redirected()), 'invalid_client', 401);
      await refused(stage.registered('nobody-by-this-name', client.key).ask(stage.redirected()), 'invalid_client', 400);
    },

    async 'a registered client is shown by its registration'() {
      const agency = stage.registered('agency', stage.agency);
      const grant = await agency.ask(stage.redirected());
      let shown = '';
      await stage.decide(grant.interact.redirect, { see: async (page, at) => { if (at === '#approve') shown = await page.textContent('main'); } });
      assert.ok(shown.includes('Travel agency'));
      await grant.proceed(await stage.brought(grant));
      assert.ok(grant.token);
    },
  };
}
