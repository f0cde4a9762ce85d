// A server that speaks Open Payments, a wallet with its people, an identity provider, and the clients of Interledger.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { createHeaders, generateJwk, generateKey } from '@interledger/http-signature-utils';
import { createAuthenticatedClient, getAuthServerOpenAPI, isFinalizedGrantWithAccessToken, isPendingGrant } from '@interledger/open-payments';
import { Receiver } from '../lib/receiver.mjs';
import { freePort, Server } from '../lib/server.mjs';
import { Provider, SECRET } from './provider.mjs';
import { Wallet } from './wallet.mjs';

export const OPERATOR = 'cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d';
export const OTHER = 'f829c064-762a-4430-ac5d-7af5df198551';
export const SHOP = 'Corner shop';

export class Stage {
  /** `provided`: whether an identity provider asks the people, or the server's own pages. */
  static async start({ provided = true, lifetimes, ...settings } = {}) {
    const stage = new Stage();
    const [port, introspection] = [await freePort(), await freePort()];
    stage.wallet = await Wallet.start();
    stage.provider = await Provider.start();
    stage.receiver = await Receiver.start();
    stage.origin = `http://127.0.0.1:${port}`;
    stage.authServer = `${stage.origin}/${OPERATOR}`;
    const idp = { idp_consent_url: stage.provider.consentUrl, idp_secret_file: 'idp.secret' };
    stage.server = await Server.start({
      outbound: { allow_private: [stage.wallet.host] },
      lifetimes,
      files: { 'idp.secret': SECRET },
      open_payments: {
        operator_tenant: OPERATOR, listen: `127.0.0.1:${port}`, public_origin: stage.origin,
        introspection_listen: `127.0.0.1:${introspection}`, ...(provided ? idp : {}), ...settings,
      },
      tenants: [{ id: OTHER, idp_consent_url: stage.provider.consentUrl, idp_secret_file: 'idp.secret' }],
      limits: { pending_per_source: 10_000, client_auth_failures_per_source: 10_000 },
    });
    stage.provider.interactions = stage.origin;
    Object.assign(stage.wallet, { authServer: stage.authServer, introspection: `http://127.0.0.1:${introspection}/` });
    stage.alice = stage.wallet.open('alice');
    stage.bob = stage.wallet.open('bob');
    const api = await getAuthServerOpenAPI();
    stage.checkToken = api.createResponseValidator({ path: '/token/{id}', method: 'post' });
    return stage;
  }

  async stop() {
    await this.server.stop();
    await Promise.all([this.wallet.stop(), this.provider.stop(), this.receiver.stop()]);
  }

  /** A client with a wallet address and a key of its own. */
  async shop(publicName = SHOP) {
    const name = `shop-${randomUUID().slice(0, 8)}`;
    const keyId = `key-of-${name}`;
    const privateKey = generateKey();
    const jwk = generateJwk({ privateKey, keyId });
    const address = this.wallet.open(name, { publicName, keys: [jwk] });
    const client = await this.client(address, privateKey, keyId);
    return { address, client, privateKey, keyId, jwk };
  }

  client(walletAddressUrl, privateKey, keyId) {
    return createAuthenticatedClient({ walletAddressUrl, privateKey, keyId, validateResponses: true });
  }

  /** Sends what no client of Interledger would, signed by its own library; `sent` takes the place of what was signed. */
  async raw({ privateKey, keyId }, url, body, { method = 'POST', headers = {}, token, sent } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = { ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...(token ? { Authorization: `GNAP ${token}` } : {}) };
    const signed = await createHeaders({ request: { method, url, headers: all, body: text }, privateKey, keyId });
    if (sent !== undefined) delete signed['Content-Length'];
    const reply = await fetch(url, { method, body: sent ?? text, headers: { ...all, ...signed, ...headers }, redirect: 'manual' });
    const said = await reply.text();
    const json = reply.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(said) : undefined;
    return { status: reply.status, headers: reply.headers, text: said, json, code: json?.error?.code, description: json?.error?.description };
  }

  // What the clients ask.

  async incoming(shop, access = { type: 'incoming-payment', actions: ['create', 'read'], identifier: this.bob }) {
    const grant = await shop.client.grant.request({ url: this.authServer }, { access_token: { access: [access] } });
    assert.ok(isFinalizedGrantWithAccessToken(grant) && !isPendingGrant(grant));
    return grant;
  }

  /** A grant that a person decides about, and all that its hash needs. `finish: false` for one that polls. */
  async outgoing(shop, { limits, finish = true, url = this.authServer, more = {} } = {}) {
    const nonce = randomUUID();
    const uri = `${this.receiver.uri}?order=${nonce}`;
    const interact = { start: ['redirect'], ...(finish ? { finish: { method: 'redirect', uri, nonce } } : {}) };
    const access = [{ type: 'outgoing-payment', actions: ['create', 'read'], identifier: this.alice, ...(limits ? { limits } : {}) }];
    const grant = await shop.client.grant.request({ url }, { access_token: { access }, interact, ...more });
    assert.ok(isPendingGrant(grant));
    return { ...grant, nonce, access, url, back: { url: grant.continue.uri, accessToken: grant.continue.access_token.value } };
  }

  /** What Interledger's documentation computes, compared with what the browser brought. */
  checkHash({ nonce, interact, url }, query) {
    const lines = [nonce, interact.finish, query.get('interact_ref'), url];
    assert.equal(query.get('hash'), createHash('sha256').update(lines.join('\n')).digest('base64'));
    return query.get('interact_ref');
  }

  // The person's side without pages: a browser is its cookies.

  /** A browser opens the start address. Answers what the provider was told, and the cookies. */
  async begin({ interact }, cookies = '') {
    const reply = await fetch(interact.redirect, { redirect: 'manual', headers: cookies ? { cookie: cookies } : {} });
    const location = reply.headers.get('location');
    const set = reply.headers.getSetCookie().map((each) => each.split(';')[0]);
    return { status: reply.status, location, at: location ? new URL(location).searchParams : undefined, cookies: [cookies, ...set].filter(Boolean).join('; '), set: reply.headers.getSetCookie() };
  }

  /** The browser comes back from the provider. */
  async end({ at, cookies }) {
    const reply = await fetch(this.provider.finish(at), { redirect: 'manual', headers: { cookie: cookies } });
    const location = reply.headers.get('location');
    const text = await reply.text();
    return { status: reply.status, location, query: location ? new URL(location).searchParams : undefined, text };
  }

  /** The whole way of a person: begun, decided, back. Answers the query the client was brought. */
  async through(grant, choice = 'accept') {
    const begun = await this.begin(grant);
    assert.equal(begun.status, 302);
    assert.equal((await this.provider.decide(begun.at, choice)).status, 202);
    return this.end(begun);
  }

  /** The same until the client has its tokens. */
  async granted(shop, options) {
    const grant = await this.outgoing(shop, options);
    const reference = this.checkHash(grant, (await this.through(grant)).query);
    await this.pause();
    const given = await shop.client.grant.continue(grant.back, { interact_ref: reference });
    assert.ok(isFinalizedGrantWithAccessToken(given));
    return { ...given, pending: grant, reference };
  }

  /** As long as a client of these tests has to wait. */
  pause() {
    return new Promise((resolve) => setTimeout(resolve, 1050));
  }

  /** What is told of a token: for its own rights, unless told otherwise; held against the published schema. */
  async introspect({ value, access }, needed = access) {
    const told = await this.wallet.introspect({ access_token: value, ...(needed ? { access: needed } : {}) });
    if (!told.active) {
      assert.deepEqual(told, { active: false });
      return told;
    }
    assert.match(told.grant, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(Object.keys(told.client).length, 1);
    assert.ok(told.client.walletAddress?.startsWith('http') || told.client.jwk?.kid);
    if (told.access.length) this.checkToken({ status: 200, body: { access_token: { value: 'x', manage: this.origin, access: told.access } } });
    return told;
  }

  async isActive(token) {
    return (await this.introspect(token)).active;
  }
}

/** Whether a client was refused, and how. */
export function refused(promise, status, code) {
  return assert.rejects(promise, (error) => {
    assert.deepEqual([error.status, error.code], [status, code], `${error.message}: ${error.description} ${error.validationErrors ?? ''}`);
    return true;
  });
}
