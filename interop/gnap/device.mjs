// Clients without a browser: codes, pushes, polls and long polls.
//
// Spec: RFC 9635 §3.3.3, §3.3.4, §4.1.2, §4.2.2, §5.2; RFC 7240 §4.3

import assert from 'node:assert/strict';
import { answer, signIn } from '../lib/person.mjs';
import { ADA } from '../lib/server.mjs';
import { PHOTOS, pause } from './stage.mjs';

export function deviceCases(stage) {
  const refused = (promise, code, status) => assert.rejects(promise, { code, status });

  async function pushed(decision) {
    const client = await stage.client();
    const finish = stage.finish('push', { hash_method: 'sha3-512' });
    const grant = await client.ask({ access_token: { access: [PHOTOS] }, interact: { start: ['redirect'], finish } });
    assert.equal((await stage.decide(grant.interact.redirect, { decision })).at(-1), '#outcome');
    const { body, url } = await stage.receiver.next();
    assert.equal(url.href, finish.uri);
    const { hash, interact_ref } = JSON.parse(body);
    return { grant, reference: grant.reference(hash, interact_ref) };
  }

  return {
    async 'rfc9635_4_1_2 a code is typed in small letters at a page the person knows'() {
      const client = await stage.client();
      const grant = await client.ask({ access_token: { access: [PHOTOS] }, interact: { start: ['user_code'] } });
      assert.deepEqual(Object.keys(grant.interact).sort(), ['expires_in', 'user_code']);
      assert.ok(grant.interact.user_code.replaceAll('-', '').length <= 8);
      await stage.decide(`${stage.server.issuer}/device`, { userCode: grant.interact.user_code.toLowerCase().replaceAll('-', ' ') });
      await pause(grant);
      assert.ok((await grant.poll()).token);
    },

    async 'a push tells of a yes, and the reference is good once'() {
      const { grant, reference } = await pushed('approve');
      const copy = grant.copy();
      assert.ok((await grant.proceed(reference)).token);
      await refused(copy.proceed(reference), 'too_many_attempts', 400);
    },

    async 'a push tells of a no'() {
      const { grant, reference } = await pushed('deny');
      await refused(grant.proceed(reference), 'user_denied', 403);
    },

    async 'rfc9635_5_2 polls keep their pace, each with a new token, and end with the answer'() {
      const client = await stage.client();
      const grant = await client.ask(stage.polled());
      await pause(grant);
      const first = grant.next.access_token.value;
      await grant.poll();
      assert.equal(grant.tokens, undefined);
      assert.notEqual(grant.next.access_token.value, first);
      await refused(grant.poll(), 'too_fast', 400);
      await stage.decide(grant.interact.redirect);
      await pause(grant);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.ok((await grant.poll()).token);
    },

    async 'a poll of a denied grant is user_denied, without a way on'() {
      const client = await stage.client();
      const grant = await client.ask(stage.polled());
      await stage.decide(grant.interact.redirect, { decision: 'deny' });
      await pause(grant);
      await assert.rejects(grant.poll(), ({ code, answer }) => code === 'user_denied' && answer.continue === undefined);
    },

    async 'rfc7240_4_3 a poll is held until the person has answered, who is told so afterwards'() {
      const client = await stage.client();
      const grant = await client.ask(stage.polled());
      await pause(grant);
      let early = true;
      const held = grant.poll(20).finally(() => { early = false; });
      held.catch(() => {});
      await stage.person(async ({ page }) => {
        await page.goto(grant.interact.redirect);
        await signIn(page, ADA);
        assert.ok(early, 'it is still held');
        await answer(page, 'approve');
        const decided = Date.now();
        assert.ok((await held).token);
        assert.ok(Date.now() - decided < 10_000, 'the answer wakes it');
        // The client was quicker than the page: the person is told what they did all the same.
        await page.reload();
        assert.equal(await page.getAttribute('#outcome', 'data-outcome'), 'approved');
      });
      assert.match(grant.answer.headers.get('preference-applied'), /^wait=\d+$/);
    },

    async 'a held poll whose time is up says so, and the next one may come'() {
      const client = await stage.client();
      const grant = await client.ask(stage.polled());
      await pause(grant);
      const asked = Date.now();
      await grant.poll(2);
      assert.ok(Date.now() - asked >= 1500, 'it was held');
      assert.equal(grant.tokens, undefined);
      assert.ok(grant.next);
      await pause(grant);
      await grant.poll();
    },

    async 'g11 a poll where a reference is due gets nothing, before and after the answer'() {
      const client = await stage.client();
      const grant = await client.ask(stage.redirected());
      await pause(grant);
      await refused(grant.poll(), 'request_denied', 403);
      await stage.decide(grant.interact.redirect);
      await pause(grant);
      await refused(grant.poll(), 'request_denied', 403);
      await refused(grant.proceed('not-the-reference-of-this-grant'), 'invalid_interaction', 400);
      assert.ok((await grant.proceed(await stage.brought(grant))).token);
    },
  };
}
