// The identity provider and the browser: what they may do, in which order, and who else may not.
//
// Spec: Rafiki's interaction endpoints; threats G5, G7 to G10

import assert from 'node:assert/strict';
import { SECRET } from './provider.mjs';
import { Stage, refused } from './stage.mjs';

export function interactionCases(stage) {
  return {
    async 'the provider reads what is asked, and only with its secret'() {
      const grant = await stage.outgoing(await stage.shop());
      const { at } = await stage.begin(grant);
      const { json } = await stage.provider.details(at);
      assert.deepEqual(Object.keys(json).sort(), ['access', 'grantId', 'state']);
      assert.deepEqual([json.access, json.state], [grant.access, 'PENDING']);
      for (const secret of [null, '', 'short', `${SECRET}x`, SECRET.replace('5', '6')]) {
        const [details, decision] = [await stage.provider.details(at, secret), await stage.provider.decide(at, 'accept', secret)];
        assert.deepEqual([details.status, details.code], [401, 'invalid_request'], secret);
        assert.deepEqual([decision.status, decision.code], [401, 'invalid_interaction'], secret);
      }
      const unknown = new URLSearchParams({ interactId: at.get('interactId'), nonce: 'AAAAAAAAAAAAAAAA' });
      assert.equal((await stage.provider.details(unknown)).status, 404);
      assert.equal((await stage.provider.decide(unknown, 'accept')).code, 'unknown_interaction');
      assert.equal((await stage.provider.decide(at, 'perhaps')).status, 400);
      assert.equal((await stage.provider.details(at)).json.state, 'PENDING');
    },

    async 'g10 a decision is made once, and of nothing that no browser was shown'() {
      const shop = await stage.shop();
      const unseen = await stage.outgoing(shop);
      const [, id, nonce] = new URL(unseen.interact.redirect).pathname.match(/^\/interact\/([^/]+)\/([^/]+)$/);
      const early = new URLSearchParams({ interactId: id, nonce });
      assert.deepEqual([(await stage.provider.decide(early, 'accept')).status], [400]);
      const begun = await stage.begin(unseen);
      const accepted = await stage.provider.decide(begun.at, 'accept');
      assert.deepEqual([accepted.status, accepted.text], [202, 'Accepted']);
      for (const choice of ['accept', 'reject']) assert.equal((await stage.provider.decide(begun.at, choice)).status, 400, choice);
      assert.equal((await stage.provider.details(begun.at)).json.state, 'APPROVED');
      const denied = await stage.begin(await stage.outgoing(shop));
      await stage.provider.decide(denied.at, 'reject');
      assert.deepEqual([(await stage.provider.decide(denied.at, 'accept')).code], ['user_denied']);
    },

    async 'a person who says no is told to the client, without a hash'() {
      const shop = await stage.shop();
      const grant = await stage.outgoing(shop);
      const { query } = await stage.through(grant, 'reject');
      assert.deepEqual([query.get('result'), query.get('hash'), query.get('interact_ref')], ['grant_rejected', null, null]);
      assert.equal(query.get('order'), grant.nonce);
      await stage.pause();
      await refused(shop.client.grant.continue(grant.back, { interact_ref: 'anything' }), 404, 'invalid_continuation');
    },

    async 'g7 another browser cannot finish, and two tabs of one can'() {
      const shop = await stage.shop();
      const grant = await stage.outgoing(shop);
      const begun = await stage.begin(grant);
      await stage.provider.decide(begun.at, 'accept');
      const stranger = await stage.end({ ...begun, cookies: '' });
      assert.deepEqual([stranger.status, JSON.parse(stranger.text).error.code], [401, 'invalid_request']);
      const second = await stage.outgoing(shop);
      const other = await stage.begin(second, begun.cookies);
      assert.equal((await stage.end({ ...begun, cookies: (await stage.begin(second)).cookies })).status, 401, 'the cookie of another interaction');
      await stage.provider.decide(other.at, 'accept');
      stage.checkHash(second, (await stage.end(other)).query);
      const reference = stage.checkHash(grant, (await stage.end({ ...begun, cookies: other.cookies })).query);
      assert.equal(stage.checkHash(grant, (await stage.end(begun)).query), reference, 'reloading makes no second reference');
      assert.ok(begun.set.every((cookie) => /; *httponly/i.test(cookie)));
    },

    async 'a browser that comes back without an answer brings none'() {
      const grant = await stage.outgoing(await stage.shop());
      const { query } = await stage.end(await stage.begin(grant));
      assert.equal(query.get('result'), 'grant_invalid');
    },

    async 'g8 what is over does not begin anew'() {
      const shop = await stage.shop();
      const given = await stage.granted(shop);
      const again = await stage.begin(given.pending);
      assert.equal(again.at.get('result'), 'invalid_interaction');
      await refused(shop.client.grant.continue(given.pending.back, { interact_ref: given.reference }), 401, 'request_denied');
    },

    async 'an interaction that expired is over for everybody'() {
      const short = await Stage.start({ lifetimes: { interaction: 3 } });
      try {
        const shop = await short.shop();
        const [late, never, polled] = [await short.outgoing(shop), await short.outgoing(shop), await short.outgoing(shop, { finish: false })];
        const begun = await short.begin(late);
        await new Promise((resolve) => setTimeout(resolve, 3100));
        assert.ok([400, 401].includes((await short.provider.decide(begun.at, 'accept')).status));
        assert.equal((await short.end(begun)).query.get('result'), 'invalid_interaction');
        assert.equal((await short.begin(never)).at.get('result'), 'invalid_interaction');
        await refused(shop.client.grant.continue(late.back, { interact_ref: 'anything' }), 404, 'invalid_continuation');
        await refused(shop.client.grant.continue(polled.back), 401, 'request_denied');
      } finally {
        await short.stop();
      }
    },
  };
}
