// Grants: at once, by a person, by polling; taken back; by a bare key; about the person.
//
// Spec: Open Payments 1.3 (`post-request`, `post-continue`, `delete-continue`)

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createUnauthenticatedClient, isFinalizedGrantWithAccessToken, isFinalizedGrantWithSubject } from '@interledger/open-payments';
import { Skipped } from '../lib/cases.mjs';
import { OPERATOR, OTHER, SHOP, refused } from './stage.mjs';

const limitsOf = (stage) => ({ receiver: `${stage.wallet.origin}/incoming-payments/1`, interval: 'R12/2026-01-01T00:00:00Z/P1M', debitAmount: { value: '2500', assetCode: 'EUR', assetScale: 2 } });

/** What comes before `wait` has passed is told so. */
async function tooEarly(answering) {
  if (await answering.then(() => true, () => false)) throw new Skipped('the machine is so slow that `wait` had passed');
  await refused(answering, 400, 'too_fast');
}

export function grantCases(stage) {
  return {
    async 'the whole of a payment: address, incoming payment, quote, consent, outgoing payment'() {
      const shop = await stage.shop();
      const anybody = await createUnauthenticatedClient({ validateResponses: true });
      const [payer, payee] = [await anybody.walletAddress.get({ url: stage.alice }), await anybody.walletAddress.get({ url: stage.bob })];
      assert.equal(payer.authServer, `${stage.origin}/${OPERATOR}`);

      const incoming = await shop.client.grant.request({ url: payee.authServer }, { access_token: { access: [{ type: 'incoming-payment', actions: ['create', 'read', 'complete'] }] } });
      const bearer = (grant, url = payer.resourceServer) => ({ url, accessToken: grant.access_token.value });
      const receiver = await shop.client.incomingPayment.create(bearer(incoming), { walletAddress: stage.bob, incomingAmount: { value: '2500', assetCode: 'EUR', assetScale: 2 } });
      const quoting = await shop.client.grant.request({ url: payer.authServer }, { access_token: { access: [{ type: 'quote', actions: ['create', 'read'] }] } });
      const quote = await shop.client.quote.create(bearer(quoting), { walletAddress: stage.alice, receiver: receiver.id, method: 'ilp' });

      const given = await stage.granted(shop, { limits: { ...limitsOf(stage), receiver: receiver.id } });
      assert.deepEqual(given.access_token.access, given.pending.access);
      assert.ok(given.access_token.expires_in > 0);
      const payment = await shop.client.outgoingPayment.create(bearer(given), { walletAddress: stage.alice, quoteId: quote.id });
      assert.ok(payment.id.startsWith(stage.wallet.origin));
      const { client, grant } = stage.wallet.asked.at(-1);
      assert.deepEqual(client, { walletAddress: shop.address });
      // The right to pay is no right to be paid.
      await assert.rejects(shop.client.incomingPayment.create(bearer(given), { walletAddress: stage.bob }), { status: 403 });
      assert.equal((await stage.introspect(given.access_token)).grant, grant);
    },

    async 'each kind of amount, and none, comes back as it was asked'() {
      const amount = { value: '18446744073709551615', assetCode: 'XRP', assetScale: 9 };
      for (const limits of [undefined, { receiveAmount: amount }, { debitAmount: { ...amount, value: '0' } }, { interval: 'R/2026-01-01T00:00:00Z/P1Y2M' }]) {
        const given = await stage.granted(await stage.shop(), { limits });
        assert.deepEqual(given.access_token.access[0].limits, limits);
      }
    },

    async 'a poll waits, is told to wait, and ends with the tokens'() {
      const shop = await stage.shop();
      const grant = await stage.outgoing(shop, { finish: false });
      assert.ok(grant.continue.wait >= 1);
      await stage.pause();
      const waiting = await shop.client.grant.continue(grant.back);
      assert.equal(waiting.continue.access_token.value, grant.back.accessToken, 'clients keep the first token');
      assert.ok(!isFinalizedGrantWithAccessToken(waiting));
      const begun = await stage.begin(grant);
      await stage.provider.decide(begun.at, 'accept');
      assert.deepEqual({ ...(await stage.end(begun)), location: null, query: undefined }, { status: 202, location: null, query: undefined, text: 'Accepted' });
      await stage.pause();
      assert.ok(isFinalizedGrantWithAccessToken(await shop.client.grant.continue(grant.back)));
    },

    async 'a poll that comes too early is told so'() {
      const shop = await stage.shop();
      const grant = await stage.outgoing(shop, { finish: false });
      await tooEarly(shop.client.grant.continue(grant.back));
    },

    async 'a reference that comes too early is told so, and stays good'() {
      const shop = await stage.shop();
      const grant = await stage.outgoing(shop);
      const reference = stage.checkHash(grant, (await stage.through(grant)).query);
      await tooEarly(shop.client.grant.continue(grant.back, { interact_ref: reference }));
      // A client that was early once has to be slower from then on.
      await new Promise((resolve) => setTimeout(resolve, 6500));
      assert.ok(isFinalizedGrantWithAccessToken(await shop.client.grant.continue(grant.back, { interact_ref: reference })));
    },

    async 'a poll of a denied grant, and of one with a finish'() {
      const shop = await stage.shop();
      const denied = await stage.outgoing(shop, { finish: false });
      assert.equal((await stage.through(denied, 'reject')).status, 202);
      await stage.pause();
      await refused(shop.client.grant.continue(denied.back), 401, 'request_denied');
      const redirected = await stage.outgoing(shop);
      await stage.pause();
      await refused(shop.client.grant.continue(redirected.back), 401, 'request_denied');
    },

    async 'g4 a reference is good once'() {
      const shop = await stage.shop();
      const given = await stage.granted(shop);
      await stage.pause();
      await refused(shop.client.grant.continue(given.pending.back, { interact_ref: given.reference }), 401, 'request_denied');
      const two = await stage.outgoing(shop);
      const reference = stage.checkHash(two, (await stage.through(two)).query);
      await stage.pause();
      const both = await Promise.allSettled([1, 2].map(() => shop.client.grant.continue(two.back, { interact_ref: reference })));
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    },

    async 'a client takes back what is pending, and what it was given'() {
      const shop = await stage.shop();
      const pending = await stage.outgoing(shop);
      await shop.client.grant.cancel(pending.back);
      await refused(shop.client.grant.cancel(pending.back), 401, 'invalid_continuation');
      const begun = await stage.begin(pending);
      assert.equal(new URL(begun.location).searchParams.get('result'), 'invalid_interaction');
      const given = await stage.granted(shop);
      assert.ok(await stage.isActive(given.access_token));
      await shop.client.grant.cancel({ url: given.continue.uri, accessToken: given.continue.access_token.value });
      assert.equal(await stage.isActive(given.access_token), false);
      await refused(shop.client.token.rotate({ url: given.access_token.manage, accessToken: given.access_token.value }), 401, 'invalid_client');
    },

    async 'a bare key gets what nobody is asked about, and nothing else'() {
      const shop = await stage.shop();
      const bare = { jwk: shop.jwk };
      const incoming = { access_token: { access: [{ type: 'incoming-payment', actions: ['create'], identifier: stage.bob }] } };
      const grant = await shop.client.grant.request({ url: stage.authServer }, incoming, bare);
      const told = await stage.introspect(grant.access_token);
      assert.equal(told.client.jwk.x, shop.jwk.x);
      const rotated = await shop.client.token.rotate({ url: grant.access_token.manage, accessToken: grant.access_token.value });
      assert.ok(await stage.isActive(rotated.access_token));
      const paying = { access_token: { access: [{ type: 'outgoing-payment', actions: ['create'], identifier: stage.alice }] }, interact: { start: ['redirect'] } };
      await refused(shop.client.grant.request({ url: stage.authServer }, paying, bare), 400, 'invalid_client');
      const object = await shop.client.grant.request({ url: stage.authServer }, incoming, { walletAddress: shop.address });
      assert.deepEqual((await stage.introspect(object.access_token)).client, { walletAddress: shop.address });
    },

    async 'a grant about the person alone confirms an address'() {
      const shop = await stage.shop();
      const nonce = randomUUID();
      const sub_ids = [{ id: stage.alice, format: 'uri' }];
      const uri = `${stage.receiver.uri}?order=${nonce}`;
      const pending = await shop.client.grant.request({ url: stage.authServer }, { subject: { sub_ids }, interact: { start: ['redirect'], finish: { method: 'redirect', uri, nonce } } });
      const begun = await stage.begin(pending);
      assert.deepEqual((await stage.provider.details(begun.at)).json.subject, { sub_ids });
      await stage.provider.decide(begun.at, 'accept');
      const reference = stage.checkHash({ ...pending, nonce, url: stage.authServer }, (await stage.end(begun)).query);
      await stage.pause();
      const told = await shop.client.grant.continue({ url: pending.continue.uri, accessToken: pending.continue.access_token.value }, { interact_ref: reference });
      assert.ok(isFinalizedGrantWithSubject(told) && !isFinalizedGrantWithAccessToken(told));
      assert.deepEqual(told.subject, { sub_ids });
    },

    async 'another tenant has an endpoint, a hash and grants of its own'() {
      const shop = await stage.shop();
      const url = `${stage.origin}/${OTHER}`;
      const grant = await stage.outgoing(shop, { url });
      const reference = stage.checkHash(grant, (await stage.through(grant)).query);
      await stage.pause();
      const given = await shop.client.grant.continue(grant.back, { interact_ref: reference });
      assert.ok(await stage.isActive(given.access_token));
      const [, value] = given.access_token.value.split('.');
      const mine = (await stage.incoming(shop)).access_token.value.split('.')[0];
      assert.deepEqual(await stage.wallet.introspect({ access_token: `${mine}.${value}` }), { active: false }, 'a token is not moved to another tenant');
    },

    async 'what the person is shown is the name the wallet publishes'() {
      const begun = await stage.begin(await stage.outgoing(await stage.shop()));
      assert.deepEqual([begun.at.get('clientName'), begun.at.get('theme')], [SHOP, 'sea']);
      const nameless = await stage.shop(null);
      await refused(stage.outgoing(nameless), 400, 'invalid_client');
    },
  };
}
