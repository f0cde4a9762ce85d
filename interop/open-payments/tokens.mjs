// Tokens: another value, the end, and what resource servers are told.
//
// Spec: Open Payments 1.3 (`post-token`, `delete-token`), Rafiki's introspection

import assert from 'node:assert/strict';
import { generateKey } from '@interledger/http-signature-utils';
import { refused } from './stage.mjs';

const at = ({ manage, value }) => ({ url: manage, accessToken: value });

export function tokenCases(stage) {
  return {
    async 'rotated: another value and address, the old ones dead'() {
      const shop = await stage.shop();
      const { access_token: first } = await stage.granted(shop);
      const before = await stage.introspect(first);
      const { access_token: second } = await shop.client.token.rotate(at(first));
      assert.ok(second.value !== first.value && second.manage !== first.manage);
      assert.deepEqual(second.access, first.access);
      assert.deepEqual([await stage.isActive(first), await stage.isActive(second)], [false, true]);
      assert.equal((await stage.introspect(second)).grant, before.grant, 'spending is counted by the grant');
      const { access_token: third } = await shop.client.token.rotate(at(second));
      assert.ok(await stage.isActive(third));
    },

    async 'revoked: once, and what is dead stays so'() {
      const shop = await stage.shop();
      const { access_token: token } = await stage.incoming(shop);
      await shop.client.token.revoke(at(token));
      assert.equal(await stage.isActive(token), false);
      await refused(shop.client.token.revoke(at(token)), 401, 'invalid_client');
      await refused(shop.client.token.rotate(at(token)), 401, 'invalid_client');
    },

    async 'g13 a token is managed by its own value and its own key'() {
      const shop = await stage.shop();
      const thief = { client: await stage.client(shop.address, generateKey(), shop.keyId) };
      const [{ access_token: token }, { access_token: other }] = [await stage.incoming(shop), await stage.incoming(shop)];
      await refused(shop.client.token.rotate({ url: token.manage, accessToken: other.value }), 401, 'invalid_client');
      await refused(thief.client.token.rotate(at(token)), 401, 'invalid_client');
      await refused(thief.client.token.revoke(at(token)), 401, 'invalid_client');
      assert.ok(await stage.isActive(token));
    },

    async 'introspection tells of a token what was asked about, and no more'() {
      const shop = await stage.shop();
      const both = [{ type: 'incoming-payment', actions: ['create', 'read-all'], identifier: stage.bob }, { type: 'quote', actions: ['create', 'read'] }];
      const { access_token: token } = await shop.client.grant.request({ url: stage.authServer }, { access_token: { access: both } });
      const ask = (access) => stage.introspect(token, access);
      assert.deepEqual((await ask([{ type: 'incoming-payment', actions: ['read'], identifier: stage.bob }])).access, [both[0]], 'read-all is more than read');
      assert.deepEqual((await ask([{ type: 'quote', actions: ['create'] }])).access, [both[1]]);
      const told = await stage.wallet.introspect({ access_token: token.value });
      assert.deepEqual([told.active, told.access], [true, []]);
      assert.deepEqual((await ask([{ type: 'incoming-payment', actions: ['complete'], identifier: stage.bob }])).access, []);
      assert.deepEqual((await ask([{ type: 'incoming-payment', actions: ['create'], identifier: stage.alice }])).access, []);
      assert.deepEqual((await ask([{ type: 'outgoing-payment', actions: ['create'], identifier: stage.alice }])).access, []);
      assert.deepEqual(await stage.wallet.introspect({ access_token: 'nothing-of-the-kind' }), { active: false });
      const grant = await stage.incoming(shop);
      assert.deepEqual(await stage.wallet.introspect({ access_token: grant.continue.access_token.value }), { active: false }, 'a continuation is no token');
      const bad = await fetch(stage.wallet.introspection, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"token":"x"}' });
      assert.equal(bad.status, 400);
    },
  };
}
