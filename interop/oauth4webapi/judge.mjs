// oauth4webapi against a real server: the library judges each single answer.
//
// Spec: RFC 6749, RFC 6750, RFC 7009, RFC 7523, RFC 7662, RFC 8414, RFC 8628, RFC 8707, RFC 9068, RFC 9207; OpenID Connect Core

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { chromium } from 'playwright-core';
import { runCases } from '../lib/cases.mjs';
import { launch, seat } from '../lib/chromium.mjs';
import { goThrough } from '../lib/person.mjs';
import { Receiver } from '../lib/receiver.mjs';
import { ADA, BEN, Server } from '../lib/server.mjs';

const LEDGER = 'https://ledger.example/api';
const LEDGER_SECRET = 'ledger: its own secret, 100% & more +/= 77ab';
const SHOP_SECRET = 'shop/secret+with=signs&spaces and % 0d1c2b3a';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
// Every signature algorithm of ID tokens, each for a client of its own.
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const insecure = { [oauth.allowInsecureRequests]: true };

const receiver = await Receiver.start();
const redirect_uris = [receiver.uri];
const keyPairs = {};
for (const [name, alg] of [['ES256', 'ES256'], ['RS256', 'RS256'], ['PS256', 'PS256'], ['EdDSA', 'Ed25519']]) {
  keyPairs[name] = await oauth.generateKeyPair(alg, { extractable: true });
}
const publicJwk = async (name) => {
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey('jwk', keyPairs[name].publicKey);
  return { kty, crv, x, y, n, e, kid: `key-${name}`, alg: name };
};

const server = await Server.start({
  scopes: [{ name: 'ledger', description: 'Read the ledger' }, { name: 'ledger.write', description: 'Write into the ledger' }],
  resources: [{ id: LEDGER, name: 'Ledger', access_token_format: 'jwt', lifetime: 120 }],
  clients: [
    { client_id: 'shop', client_name: 'Shop', client_secret: SHOP_SECRET, redirect_uris, grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] },
    { client_id: 'phone', client_name: 'Phone', application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'], grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE] },
    { client_id: LEDGER, client_name: 'Ledger', client_secret: LEDGER_SECRET, grant_types: ['client_credentials'] },
    ...ALGORITHMS.map((alg) => ({ client_id: `signed-${alg}`, client_secret: SHOP_SECRET, redirect_uris, id_token_signed_response_alg: alg })),
    ...(await Promise.all(ALGORITHMS.map(async (alg) => ({ client_id: `assertion-${alg}`, jwks: { keys: [await publicJwk(alg)] }, grant_types: ['client_credentials'], token_endpoint_auth_signing_alg: alg })))),
  ],
});
const browser = await launch(chromium);
const origins = [server.origin, receiver.origin];
const issuer = new URL(server.issuer);
const as = await oauth.discoveryRequest(issuer, insecure).then((reply) => oauth.processDiscoveryResponse(issuer, reply));
const basic = oauth.ClientSecretBasic(SHOP_SECRET);
const shop = { client_id: 'shop' };

/** Sends the browser through the authorization endpoint and answers the validated parameters of the answer. */
async function authorize(client, parameters, { person = ADA, decision } = {}) {
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, redirect_uri: receiver.uri, response_type: 'code', state, ...parameters });
  const { page, context, findings } = await seat(browser, { origins });
  const coming = receiver.next();
  coming.catch(() => {});
  await page.goto(url.href);
  await goThrough(page, { person, decision });
  const arrival = await coming;
  await context.close();
  assert.deepEqual(findings, []);
  return oauth.validateAuthResponse(as, client, arrival.method === 'POST' ? arrival.form : arrival.url, state);
}

/** The code flow to the end; answers the tokens as the library validated them, and its ID token's claims. */
async function tokensOf(client, authentication, parameters = {}, options = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const nonce = oauth.generateRandomNonce();
  const answer = await authorize(client, {
    scope: 'openid ledger', nonce, prompt: 'consent', code_challenge_method: 'S256',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), ...parameters,
  }, options);
  const reply = await oauth.authorizationCodeGrantRequest(as, client, authentication, answer, receiver.uri, verifier, insecure);
  noStore(reply);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, reply, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, reply, insecure);
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens), answer, verifier };
}

/** RFC 6749 §5.1: tokens must not be kept by caches. */
function noStore(reply) {
  assert.match(reply.headers.get('cache-control') ?? '', /no-store/);
}

const refresh = (client, authentication, token, options) =>
  oauth.refreshTokenGrantRequest(as, client, authentication, token, { ...insecure, ...options })
    .then((reply) => oauth.processRefreshTokenResponse(as, client, reply));
const introspect = (client, authentication, token) =>
  oauth.introspectionRequest(as, client, authentication, token, insecure)
    .then((reply) => oauth.processIntrospectionResponse(as, client, reply));
const revoke = (client, authentication, token) =>
  oauth.revocationRequest(as, client, authentication, token, insecure).then(oauth.processRevocationResponse);
const userinfo = (client, token, subject) =>
  oauth.userInfoRequest(as, client, token, insecure).then((reply) => oauth.processUserInfoResponse(as, client, subject, reply));
/** What a resource server does with the request that brought a token. */
const validate = (token, audience) =>
  oauth.validateJwtAccessToken(as, new Request(`${LEDGER}/entries`, { headers: { authorization: `Bearer ${token}` } }), audience, insecure);
const fails = (promise, code, status) => assert.rejects(promise, (error) => {
  assert.equal(error.error, code, `${error} ${JSON.stringify(error.cause)}`);
  if (status) assert.equal(error.status, status);
  return true;
});

const cases = {
  async 'rfc8414_3 the other discovery document is valid too'() {
    const reply = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' });
    const other = await oauth.processDiscoveryResponse(issuer, reply);
    assert.equal(other.token_endpoint, as.token_endpoint);
    assert.deepEqual([...as.code_challenge_methods_supported], ['S256']);
    assert.deepEqual([...as.id_token_signing_alg_values_supported].sort(), [...ALGORITHMS].sort());
  },

  async 'code flow, userinfo, introspection, refresh, revocation'() {
    const { tokens, claims } = await tokensOf(shop, basic, { scope: 'openid profile email ledger offline_access' });
    assert.equal(claims.sub, ADA.subject);
    if (claims.at_hash !== undefined) {
      const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16);
      assert.equal(claims.at_hash, half.toString('base64url'));
    }
    const known = await userinfo(shop, tokens.access_token, claims.sub);
    assert.equal(known.family_name, ADA.claims.family_name);
    const seen = await introspect(shop, basic, tokens.access_token);
    assert.equal(seen.active, true);
    assert.equal(seen.iss ?? as.issuer, as.issuer);
    const renewed = await refresh(shop, basic, tokens.refresh_token);
    const last = renewed.refresh_token ?? tokens.refresh_token;
    await revoke(shop, basic, last);
    await revoke(shop, basic, 'never-was-a-token');
    assert.deepEqual(await introspect(shop, basic, renewed.access_token), { active: false });
    await fails(refresh(shop, basic, last), 'invalid_grant', 400);
  },

  async 'ID tokens by every algorithm'() {
    for (const alg of ALGORITHMS) {
      const client = { client_id: `signed-${alg}`, id_token_signed_response_alg: alg };
      const { tokens } = await tokensOf(client, basic, { scope: 'openid' }, { person: BEN });
      const header = JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url'));
      assert.equal(header.alg, alg);
      assert.ok(header.kid);
    }
  },

  async 'rfc7523 client assertions by every algorithm'() {
    for (const alg of ALGORITHMS) {
      const client = { client_id: `assertion-${alg}` };
      const authentication = oauth.PrivateKeyJwt({ key: keyPairs[alg].privateKey, kid: `key-${alg}` });
      const reply = await oauth.clientCredentialsGrantRequest(as, client, authentication, { scope: 'ledger' }, insecure);
      noStore(reply);
      await oauth.processClientCredentialsResponse(as, client, reply);
    }
  },

  async 't9 an assertion with another audience, or used twice, is refused'() {
    const client = { client_id: 'assertion-ES256' };
    const send = (change) => oauth.clientCredentialsGrantRequest(
      as, client, oauth.PrivateKeyJwt({ key: keyPairs.ES256.privateKey, kid: 'key-ES256' }, { [oauth.modifyAssertion]: change }), {}, insecure,
    ).then((reply) => oauth.processClientCredentialsResponse(as, client, reply));
    const jti = crypto.randomUUID();
    await send((_, payload) => { payload.jti = jti; });
    await fails(send((_, payload) => { payload.jti = jti; }), 'invalid_client');
    await fails(send((_, payload) => { payload.aud = as.token_endpoint; }), 'invalid_client');
    await fails(send((_, payload) => { payload.aud = [as.issuer, as.token_endpoint]; }), 'invalid_client');
    await fails(send((_, payload) => { payload.exp += 3600; }), 'invalid_client');
  },

  async 'rfc9068 a JWT access token for a resource, and nobody else'() {
    const { tokens } = await tokensOf(shop, basic, { resource: LEDGER, scope: 'openid ledger offline_access' });
    const claims = await validate(tokens.access_token, LEDGER);
    assert.equal(claims.sub, ADA.subject);
    assert.equal(claims.client_id, 'shop');
    assert.ok(claims.scope.split(' ').includes('ledger'));
    assert.ok(claims.exp - claims.iat <= 120);
    await assert.rejects(validate(tokens.access_token, 'https://other.example'), { code: oauth.JWT_CLAIM_COMPARISON });
    await assert.rejects(validate(tokens.id_token, LEDGER), 'an ID token is no access token');

    const ledger = { client_id: LEDGER };
    const seen = await introspect(ledger, oauth.ClientSecretBasic(LEDGER_SECRET), tokens.access_token);
    assert.equal(seen.active, true);
    assert.equal(seen.jti ?? claims.jti, claims.jti);
    const renewed = await refresh(shop, basic, tokens.refresh_token, { additionalParameters: { resource: LEDGER } });
    const second = await validate(renewed.access_token, LEDGER);
    assert.notEqual(second.jti, claims.jti);
    await revoke(shop, basic, renewed.access_token);
    assert.deepEqual(await introspect(ledger, oauth.ClientSecretBasic(LEDGER_SECRET), renewed.access_token), { active: false });
  },

  async 'rfc9068 client credentials speak for the client itself'() {
    const reply = await oauth.clientCredentialsGrantRequest(as, shop, basic, { scope: 'ledger.write', resource: LEDGER }, insecure);
    const tokens = await oauth.processClientCredentialsResponse(as, shop, reply);
    const claims = await validate(tokens.access_token, LEDGER);
    assert.equal(claims.client_id, 'shop');
    assert.notEqual(claims.sub, ADA.subject);
  },

  async 'form_post and a denial are valid answers'() {
    await tokensOf(shop, basic, { response_mode: 'form_post' });
    for (const response_mode of ['query', 'form_post']) {
      const denied = tokensOf(shop, basic, { response_mode }, { decision: 'deny' });
      await assert.rejects(denied, { code: oauth.AUTHORIZATION_RESPONSE_ERROR, error: 'access_denied' });
    }
  },

  async 'a9 a code used twice is refused and ends what it brought'() {
    const { tokens, answer, verifier } = await tokensOf(shop, basic);
    const again = oauth.authorizationCodeGrantRequest(as, shop, basic, answer, receiver.uri, verifier, insecure)
      .then((reply) => oauth.processAuthorizationCodeResponse(as, shop, reply, { expectedNonce: oauth.expectNoNonce }));
    await fails(again, 'invalid_grant', 400);
    assert.deepEqual(await introspect(shop, basic, tokens.access_token), { active: false });
  },

  async 'a4 a wrong verifier and a missing challenge are refused'() {
    const code_challenge = await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier());
    const answer = await authorize(shop, { scope: 'ledger', code_challenge, code_challenge_method: 'S256', prompt: 'consent' });
    const wrong = oauth.authorizationCodeGrantRequest(as, shop, basic, answer, receiver.uri, oauth.generateRandomCodeVerifier(), insecure)
      .then((reply) => oauth.processAuthorizationCodeResponse(as, shop, reply));
    await fails(wrong, 'invalid_grant', 400);
    await fails(authorize(shop, { scope: 'ledger' }), 'invalid_request');
  },

  async 'rfc8628 a device, poll by poll'() {
    const client = { client_id: 'phone' };
    const begun = await oauth.deviceAuthorizationRequest(as, client, oauth.None(), { scope: 'openid ledger' }, insecure)
      .then((reply) => oauth.processDeviceAuthorizationResponse(as, client, reply));
    const poll = () => oauth.deviceCodeGrantRequest(as, client, oauth.None(), begun.device_code, insecure)
      .then((reply) => { noStore(reply); return oauth.processDeviceCodeResponse(as, client, reply); });
    await sleep(begun.interval * 1000 + 100);
    await fails(poll(), 'authorization_pending', 400);
    await fails(poll(), 'slow_down', 400);
    const foreign = oauth.deviceCodeGrantRequest(as, shop, basic, begun.device_code, insecure)
      .then((reply) => oauth.processDeviceCodeResponse(as, shop, reply));
    await assert.rejects(foreign, (error) => ['invalid_grant', 'unauthorized_client'].includes(error.error));
    const { page, context, findings } = await seat(browser, { origins });
    await page.goto(begun.verification_uri_complete);
    await goThrough(page, { person: ADA });
    assert.deepEqual(findings, []);
    await context.close();
    await sleep((begun.interval + 5) * 1000 + 100);
    const tokens = await poll();
    assert.equal(oauth.getValidatedIdTokenClaims(tokens).sub, ADA.subject);
    await fails(poll(), 'invalid_grant', 400);
  },

  async 'rfc6750_3_1 userinfo says why a token is refused'() {
    await assert.rejects(userinfo(shop, 'not-a-token', oauth.skipSubjectCheck), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError, String(error));
      const [challenge] = error.cause;
      assert.equal(error.status, 401);
      assert.equal(challenge.scheme, 'bearer');
      assert.equal(challenge.parameters.error, 'invalid_token');
      return true;
    });
    const { tokens } = await tokensOf(shop, basic, { scope: 'openid' });
    await userinfo(shop, tokens.access_token, ADA.subject);
    await revoke(shop, basic, tokens.access_token);
    await assert.rejects(userinfo(shop, tokens.access_token, ADA.subject), oauth.WWWAuthenticateChallengeError);
  },

  async 'rfc6749_5_2 errors of the token endpoint'() {
    const raw = (parameters, authentication = basic, grant = 'client_credentials') =>
      oauth.genericTokenEndpointRequest(as, shop, authentication, grant, parameters, insecure)
        .then((reply) => { noStore(reply); return oauth.processGenericTokenEndpointResponse(as, shop, reply); });
    await fails(raw({ scope: 'no-such-scope' }), 'invalid_scope', 400);
    await fails(raw({ resource: 'https://elsewhere.example' }), 'invalid_target', 400);
    await fails(raw({}, basic, 'urn:example:no-such-grant'), 'unsupported_grant_type', 400);
    await fails(raw({}, basic, 'authorization_code'), 'invalid_request', 400);
    await assert.rejects(raw({}, oauth.ClientSecretBasic('wrong')), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError, String(error));
      assert.equal(error.status, 401);
      return error.cause.some(({ scheme }) => scheme === 'basic');
    });
    await fails(raw({}, oauth.ClientSecretPost('wrong')), 'invalid_client');
  },
};

await runCases(cases, async () => {
  await browser.close();
  await server.stop();
  await receiver.stop();
});
