// What is refused, with the status and code that clients branch on.
//
// Spec: Open Payments 1.3 (responses of the authorization server); threats C13, G1, G15

import assert from 'node:assert/strict';
import { generateKey } from '@interledger/http-signature-utils';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPERATOR, refused } from './stage.mjs';

/** How long keys are believed in without being asked for again. */
const BELIEVED_MS = 61_000;

/** A wallet withdraws a key at once; what it signs is tried when the time is over. The other cases run meanwhile. */
async function withdraw(stage) {
  const shop = await stage.shop();
  const grant = await stage.outgoing(shop);
  const { access_token: token } = await stage.incoming(shop);
  stage.wallet.publish(shop.address, []);
  await sleep(BELIEVED_MS);
  const said = (promise) => promise.then(() => 'it was believed', ({ status, code }) => [status, code]);
  const at = { url: token.manage, accessToken: token.value };
  return {
    rotate: await said(shop.client.token.rotate(at)),
    proceed: await said(shop.client.grant.continue(grant.back, { interact_ref: 'anything' })),
    revoke: await said(shop.client.token.revoke(at)),
  };
}

export function refusalCases(stage) {
  const withdrawn = withdraw(stage);
  withdrawn.catch(() => {});
  const incoming = { access_token: { access: [{ type: 'incoming-payment', actions: ['create'] }] } };
  const asked = (shop, more) => ({ client: shop.address, ...incoming, ...more });

  return {
    async 'g1 a signature by another key, and by a key nobody published'() {
      const shop = await stage.shop();
      const forged = await stage.client(shop.address, generateKey(), shop.keyId);
      await refused(forged.grant.request({ url: stage.authServer }, incoming), 401, 'invalid_client');
      const unknown = await stage.client(shop.address, shop.privateKey, 'key-of-nobody');
      await refused(unknown.grant.request({ url: stage.authServer }, incoming), 400, 'invalid_client');
      const homeless = await stage.client(`${stage.wallet.origin}/nobody`, shop.privateKey, shop.keyId);
      await refused(homeless.grant.request({ url: stage.authServer }, incoming), 400, 'invalid_client');
      await stage.incoming(shop);
      const grant = await stage.outgoing(shop);
      const thief = await stage.client(shop.address, generateKey(), shop.keyId);
      await refused(thief.grant.continue(grant.back, { interact_ref: 'x' }), 401, 'invalid_client');
      await refused(thief.grant.cancel(grant.back), 401, 'invalid_client');
    },

    async 'c13 a wallet somewhere inside is not asked'() {
      const shop = await stage.shop();
      const inside = await stage.client('http://127.0.0.1:1/alice', shop.privateKey, shop.keyId);
      await refused(inside.grant.request({ url: stage.authServer }, incoming), 400, 'invalid_client');
    },

    async 'a tenant that is not there, and addresses that cannot be'() {
      const shop = await stage.shop();
      const at = async (path, options) => stage.raw(shop, `${stage.origin}${path}`, asked(shop), options);
      assert.deepEqual([(await at('/00000000-0000-4000-8000-000000000000')).status], [404]);
      assert.equal((await at('/not-a-uuid')).status, 404);
      assert.equal((await at('/continue/not-an-id', { token: 'x' })).status, 401);
      assert.equal((await at('/token/not-an-id', { token: 'x' })).status, 401);
      assert.equal((await fetch(`${stage.origin}/interact/not-an-id/x?clientName=a&clientUri=b`)).status, 400);
      assert.equal((await fetch(`${stage.origin}/interact/not-an-id/x/finish`)).status, 404);
    },

    async 'bodies that break the schema have no code; what the schema lets through has one'() {
      const shop = await stage.shop();
      const ask = (body, options) => stage.raw(shop, stage.authServer, body, options);
      for (const body of [{}, { client: shop.address }, asked(shop, { access_token: { access: [{ type: 'gold', actions: ['read'] }] } }), asked(shop, { client: { key: shop.jwk } })]) {
        const { status, code, description } = await ask(body);
        assert.deepEqual([status, code, typeof description], [400, undefined, 'string'], JSON.stringify(body));
      }
      const outgoing = (limits, more) => asked(shop, { access_token: { access: [{ type: 'outgoing-payment', actions: ['create'], identifier: stage.alice, limits }] }, interact: { start: ['redirect'] }, ...more });
      const amount = { value: '1', assetCode: 'EUR', assetScale: 2 };
      const two = await ask(outgoing({ debitAmount: amount, receiveAmount: amount }));
      assert.deepEqual([two.status, two.code, two.description], [400, 'invalid_request', 'only one access amount allowed']);
      const silent = await ask(outgoing(undefined, { interact: undefined }));
      assert.deepEqual([silent.status, silent.code], [400, 'invalid_request']);
      for (const bad of [{ value: '-1' }, { value: 'abc' }, { value: '18446744073709551616' }, { assetScale: 999 }, { value: 5 }]) {
        assert.equal((await ask(outgoing({ debitAmount: { ...amount, ...bad } }))).status, 400, JSON.stringify(bad));
      }
      assert.equal((await ask(outgoing({ interval: 'every month' }))).status, 400);
      const text = await ask(asked(shop), { sent: 'not json' });
      assert.deepEqual([text.status, text.code], [400, undefined]);
      assert.equal((await ask(asked(shop), { headers: { 'content-type': 'text/plain' } })).status, 415);
      assert.equal((await ask(asked(shop), { headers: { accept: 'text/html' } })).status, 406);
    },

    async 'signatures that are none'() {
      const shop = await stage.shop();
      const ask = (options) => stage.raw(shop, stage.authServer, asked(shop), options);
      for (const headers of [{ Signature: '' }, { Signature: 'sig1=:AAAA:' }, { 'Signature-Input': 'sig1=()' }, { 'Signature-Input': '!' }, { 'Content-Digest': 'sha-512=:AAAA:' }]) {
        const { status, code } = await ask({ headers });
        assert.deepEqual([status, code], [401, 'invalid_client'], JSON.stringify(headers));
      }
      const unsigned = await fetch(stage.authServer, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked(shop)) });
      assert.deepEqual([unsigned.status, (await unsigned.json()).error.code], [401, 'invalid_client']);
      const grant = await stage.outgoing(shop);
      const without = await stage.raw(shop, grant.continue.uri, { interact_ref: 'x' });
      assert.deepEqual([without.status, without.code], [401, 'invalid_client']);
      const wrong = await stage.raw(shop, grant.continue.uri, { interact_ref: 'x' }, { token: 'A'.repeat(43) });
      assert.deepEqual([wrong.status, wrong.code], [401, 'invalid_continuation']);
      await stage.pause();
      const empty = await stage.raw(shop, grant.continue.uri, { interact_ref: 'not-the-reference' }, { token: grant.back.accessToken });
      assert.deepEqual([empty.status, empty.code], [404, 'invalid_continuation']);
    },

    async 'discovery, health and browsers of other origins'() {
      const found = await (await fetch(`${stage.origin}/discovery`)).json();
      assert.deepEqual(found, { grant_request_endpoint: '/', interaction_start_modes_supported: ['redirect'], interaction_finish_modes_supported: ['redirect'] });
      assert.equal((await fetch(`${stage.origin}/healthz`)).status, 200);
      assert.equal((await fetch(new URL('/healthz', stage.wallet.introspection))).status, 200);
      const preflight = await fetch(stage.authServer, { method: 'OPTIONS', headers: { origin: 'https://extension.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,signature,signature-input,content-digest' } });
      assert.ok(preflight.ok && preflight.headers.get('access-control-allow-methods').includes('POST'));
      for (const path of ['/', `/${OPERATOR}`, '/authorize', '/gnap', '/admin']) assert.ok((await fetch(`${stage.origin}${path}`)).status >= 400, path);
    },

    async 'g15 a key that its wallet withdraws is worth nothing soon after'() {
      assert.deepEqual(await withdrawn, { rotate: [400, 'invalid_client'], proceed: [400, 'invalid_client'], revoke: [400, 'invalid_client'] });
    },
  };
}
