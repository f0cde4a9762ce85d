// How the person is reached and how the client hears of the end.
//
// Spec: RFC 9635 §2.5, §4.1.1, §4.2.1, §4.2.3, §11.19; threats G6 to G9

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerBesideAnother, signIn, step } from '../lib/person.mjs';
import { ADA, BEN } from '../lib/server.mjs';
import { Stage, pause } from './stage.mjs';

export function interactionCases(stage) {
  const refused = (promise, code, status) => assert.rejects(promise, { code, status });
  const cases = {};

  for (const hash_method of ['sha-384', 'sha-512', 'sha3-256', 'sha3-512']) {
    cases[`rfc9635_4_2_3 the hash by ${hash_method}`] = async () => {
      const client = await stage.client();
      const grant = await stage.through(await client.ask(stage.redirected({}, { hash_method })));
      assert.ok(grant.token);
    };
  }

  return {
    ...cases,

    async 'rfc9635_2_5 nobody is reached by an empty start, nor by a mode nobody knows'() {
      const client = await stage.client();
      const ask = (interact) => client.ask({ ...stage.polled(), interact });
      await refused(ask({ start: [] }), 'invalid_interaction', 400);
      await refused(ask({ start: ['carrier-pigeon'] }), 'invalid_interaction', 400);
      await refused(ask(undefined), 'invalid_interaction', 400);
      const known = await ask({ start: ['carrier-pigeon', { mode: 'redirect' }] });
      assert.ok(known.interact.redirect);
      await refused(ask({ start: ['redirect'], finish: stage.finish('smoke') }), 'invalid_request', 400);
      await refused(ask({ start: ['redirect'], finish: stage.finish('redirect', { hash_method: 'md5' }) }), 'invalid_request', 400);
      await refused(ask({ start: ['redirect'], finish: { ...stage.finish(), uri: `${stage.receiver.uri}#part` } }), 'invalid_request', 400);
      await refused(ask({ start: ['redirect'], finish: { ...stage.finish(), uri: 'javascript:alert(1)' } }), 'invalid_request', 400);
    },

    async 'an application opens the address it was given'() {
      const client = await stage.client();
      const grant = await client.ask({ ...stage.polled(), interact: { start: ['app'] } });
      assert.equal(grant.interact.redirect, undefined);
      await stage.decide(grant.interact.app);
      await pause(grant);
      assert.ok((await grant.poll()).token);
    },

    async 'a denial comes back like a consent, and is told once'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      await stage.decide(grant.interact.redirect, { decision: 'deny' });
      const reference = await stage.brought(grant);
      await refused(grant.proceed(reference), 'user_denied', 403);
      await refused(grant.proceed(reference), 'too_many_attempts', 400);
    },

    async 'g6 scanners of links and foreign parameters change nothing'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      for (let visit = 0; visit < 3; visit += 1) {
        const reply = await fetch(`${grant.interact.redirect}?clientName=Bank&hash=x`);
        // A scanner keeps no cookies, so it sees a page that says so.
        assert.ok(reply.status < 500);
        assert.ok(!(await reply.text()).includes('Bank'));
      }
      assert.ok((await stage.through(grant)).token);
    },

    async 'rfc9635_4_1_1 a dead address is an error page and leads nowhere'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      const dead = [`${grant.interact.redirect}x`, grant.interact.redirect.replace(/[^/]+$/, 'A'.repeat(43))];
      await grant.cancel();
      for (const url of [...dead, grant.interact.redirect]) {
        const reply = await fetch(url, { redirect: 'manual' });
        assert.ok(![301, 302, 303, 307, 308].includes(reply.status) || !reply.headers.get('location').startsWith(stage.receiver.origin), url);
        assert.ok(reply.status >= 300, `${reply.status} ${url}`);
      }
    },

    async 'g7 only the browser that decided carries the reference'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      await stage.person(async ({ page }) => {
        await stage.person(({ page: other }) => answerBesideAnother(grant.interact.redirect, [page, ADA], [other, BEN]));
      });
      assert.ok((await grant.proceed(await stage.brought(grant))).token);
    },

    async 'rfc9635_2_4 the person who was named, and nobody else'() {
      const client = await stage.client();
      const named = (id) => ({ user: { sub_ids: [{ format: 'opaque', id }] } });
      await refused(client.ask(stage.redirected(named('person-of-nobody'))), 'unknown_user', 400);
      const grant = await client.ask(stage.redirected(named(ADA.subject)));
      await stage.person(async ({ page }) => {
        await page.goto(grant.interact.redirect);
        await signIn(page, BEN);
        assert.notEqual(await step(page), '#approve', 'Ben is not Ada');
      });
      const again = await client.ask(stage.redirected({ ...named(ADA.subject), subject: { sub_id_formats: ['iss_sub', 'email'] } }));
      const { answer: told } = await stage.through(again);
      assert.deepEqual(told.subject.sub_ids, [
        { format: 'iss_sub', iss: stage.server.issuer, sub: ADA.subject }, { format: 'email', email: ADA.claims.email },
      ]);
      assert.deepEqual(told.subject.assertions ?? [], []);
    },

    async 'what expired is over for browser and client'() {
      const short = await Stage.start({ lifetimes: { interaction: 2 } }, stage.browser);
      try {
        const client = await short.client();
        const [polled, redirected] = [await client.ask(short.polled()), await client.ask(short.redirected())];
        assert.equal(polled.interact.expires_in, 2);
        await sleep(2100);
        await refused(polled.poll(), 'invalid_interaction', 400);
        await refused(redirected.proceed('any-reference-will-do'), 'invalid_interaction', 400);
        await short.person(async ({ page }) => {
          await page.goto(redirected.interact.redirect);
          assert.ok(['#error-code', '#outcome'].includes(await step(page)));
        });
      } finally {
        await short.stop();
      }
    },
  };
}
