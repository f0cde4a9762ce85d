// openid-client against a real server: discovery, code flow, device flow, and what follows, with a person at Chromium.
//
// Spec: RFC 6749, RFC 7009, RFC 7523, RFC 7636, RFC 7662, RFC 8252, RFC 8628, RFC 8707, RFC 9207; OpenID Connect Core

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { chromium } from 'playwright-core';
import { runCases } from '../lib/cases.mjs';
import { launch, seat } from '../lib/chromium.mjs';
import { goThrough } from '../lib/person.mjs';
import { Receiver } from '../lib/receiver.mjs';
import { ADA, BEN, Server } from '../lib/server.mjs';
import { deviceCases } from './device.mjs';

const PHOTOS = 'urn:example:photos';
const PHOTOS_SECRET = 'the-photos-api-keeps-this-8d1f60aa2b';
// RFC 6749 §2.3.1: whoever sends it by basic must encode it as a form first.
const AWKWARD_SECRET = 'half+half = 100% : ?&ü-5f0c9d3b7a1e4268';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const OFFLINE = ['authorization_code', 'refresh_token'];

const receiver = await Receiver.start();
const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
const redirect_uris = [receiver.uri];

const server = await Server.start({
  scopes: [
    { name: 'photos.read', description: { en: 'See your photos', de: 'Ihre Fotos sehen', fr: 'Voir vos photos' } },
    { name: 'photos.write', description: { en: 'Change your photos' } },
  ],
  resources: [{ id: PHOTOS, name: 'Photos', scopes: ['photos.read', 'photos.write'], lifetime: 300 }],
  clients: [
    { client_id: 'album', client_name: 'Album', client_secret: AWKWARD_SECRET, redirect_uris, grant_types: OFFLINE },
    { client_id: 'poster', client_secret: AWKWARD_SECRET, token_endpoint_auth_method: 'client_secret_post', redirect_uris },
    { client_id: 'keyholder', jwks: { keys: [{ kty, crv, x, y, kid: 'key-1', alg: 'ES256', use: 'sig' }] }, redirect_uris, id_token_signed_response_alg: 'ES256' },
    { client_id: 'desk-app', client_name: 'Desk', application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'], grant_types: OFFLINE },
    { client_id: 'tv', client_name: 'Television', grant_types: [DEVICE_CODE, 'refresh_token'] },
    { client_id: 'printer', client_name: 'Printer', client_secret: AWKWARD_SECRET, grant_types: [DEVICE_CODE] },
    { client_id: 'backup', client_secret: AWKWARD_SECRET, grant_types: ['client_credentials'], scope: 'photos.read' },
    { client_id: PHOTOS, client_name: 'Photos API', client_secret: PHOTOS_SECRET, grant_types: ['client_credentials'] },
  ],
});
const browser = await launch(chromium);
const origins = [server.origin, receiver.origin];

const configure = async (id, authentication, metadata) => {
  const config = await client.discovery(new URL(server.issuer), id, metadata, authentication, { execute: [client.allowInsecureRequests] });
  client.enableNonRepudiationChecks(config);
  return config;
};
const album = () => configure('album', client.ClientSecretBasic(AWKWARD_SECRET));
const photos = () => configure(PHOTOS, client.ClientSecretBasic(PHOTOS_SECRET));

/** The whole code flow of one client; answers the tokens and what else was seen. */
async function codeFlow(config, { person = ADA, decision = 'approve', at, ...parameters } = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true };
  if (parameters.max_age !== undefined) checks.maxAge = Number(parameters.max_age);
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: receiver.uri,
    scope: 'openid profile email photos.read',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  });
  const own = at ?? (await seat(browser, { origins }));
  const coming = receiver.next();
  coming.catch(() => {});
  await own.page.goto(url.href);
  const steps = await goThrough(own.page, { person, decision });
  assert.deepEqual(own.findings, []);
  assert.equal(steps.at(-1), '#client', `ended at ${steps} ${await own.page.locator('#error-code').allTextContents()}`);
  const arrival = await coming;
  assert.equal(arrival.headers.referer, undefined, 'the client must not learn where the browser came from');
  const current = arrival.method === 'POST'
    ? new Request(arrival.url, { method: 'POST', body: arrival.body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    : arrival.url;
  if (!at) await own.context.close();
  return { tokens: await client.authorizationCodeGrant(config, current, checks), arrival, steps };
}

const cases = {
  async 'discovery, by OpenID Connect and by RFC 8414, says the same'() {
    const oidc = (await album()).serverMetadata();
    const oauth = await client.discovery(new URL(server.issuer), 'album', undefined, client.None(), {
      algorithm: 'oauth2', execute: [client.allowInsecureRequests],
    });
    assert.equal(oidc.issuer, server.issuer);
    assert.equal(oidc.authorization_response_iss_parameter_supported, true);
    assert.ok(oidc.supportsPKCE('S256') && !oidc.supportsPKCE('plain'));
    for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'device_authorization_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
      assert.equal(oauth.serverMetadata()[name], oidc[name], name);
    }
  },

  async 'code flow with a secret by basic, then userinfo, refresh, introspection, revocation'() {
    const config = await album();
    const { tokens, arrival, steps } = await codeFlow(config, { scope: 'openid profile email phone address photos.read offline_access', prompt: 'consent' });
    assert.deepEqual(steps, ['#login', '#approve', '#client']);
    assert.equal(arrival.method, 'GET');
    assert.equal(arrival.url.searchParams.get('iss'), server.issuer);
    assert.equal(tokens.claims().sub, ADA.subject);
    const known = await client.fetchUserInfo(config, tokens.access_token, ADA.subject);
    assert.equal(known.name, ADA.claims.name);
    assert.equal(known.email, ADA.claims.email);
    assert.equal(known.email_verified, true);
    assert.equal(known.phone_number, ADA.claims.phone_number);
    assert.equal(known.address.locality, 'London');

    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(renewed.access_token, tokens.access_token);
    assert.equal(renewed.claims()?.sub ?? ADA.subject, ADA.subject);
    const seen = await client.tokenIntrospection(config, renewed.access_token);
    assert.equal(seen.active, true);
    assert.equal(seen.sub, ADA.subject);
    assert.equal(seen.client_id, 'album');
    assert.ok(seen.scope.split(' ').includes('photos.read'));

    await client.tokenRevocation(config, renewed.refresh_token ?? tokens.refresh_token);
    assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, false);
    await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token ?? tokens.refresh_token), { error: 'invalid_grant' });
    await assert.rejects(client.fetchUserInfo(config, renewed.access_token, ADA.subject), client.WWWAuthenticateChallengeError);
  },

  async 'fewer scopes at a refresh, never more'() {
    const config = await album();
    const { tokens } = await codeFlow(config, { scope: 'openid photos.read offline_access', prompt: 'consent' });
    const fewer = await client.refreshTokenGrant(config, tokens.refresh_token, { scope: 'photos.read' });
    assert.equal(fewer.scope, 'photos.read');
    await assert.rejects(client.refreshTokenGrant(config, fewer.refresh_token ?? tokens.refresh_token, { scope: 'photos.write' }), { error: 'invalid_scope' });
  },

  async 'code flow of a public client on a loopback port that was never registered'() {
    const config = await configure('desk-app', client.None());
    const { tokens } = await codeFlow(config, { scope: 'openid profile photos.read offline_access', prompt: 'consent' });
    const second = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(second.refresh_token, tokens.refresh_token, 'a public client rotates');
    const third = await client.refreshTokenGrant(config, second.refresh_token);
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
    await assert.rejects(client.refreshTokenGrant(config, third.refresh_token), { error: 'invalid_grant' }, 'reuse ends the family');
  },

  async 'the answer by form_post'() {
    const { tokens, arrival } = await codeFlow(await album(), { response_mode: 'form_post', prompt: 'consent' });
    assert.equal(arrival.method, 'POST');
    assert.equal(arrival.url.search, '');
    assert.equal(arrival.form.get('iss'), server.issuer);
    assert.equal(tokens.claims().sub, ADA.subject);
  },

  async 'a secret in the body'() {
    const { tokens } = await codeFlow(await configure('poster', client.ClientSecretPost(AWKWARD_SECRET)));
    assert.equal(tokens.token_type, 'bearer');
  },

  async 'private_key_jwt'() {
    const config = await configure('keyholder', client.PrivateKeyJwt({ key: keys.privateKey, kid: 'key-1' }), { id_token_signed_response_alg: 'ES256' });
    const { tokens } = await codeFlow(config);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
  },

  async 'a wrong secret is invalid_client'() {
    const config = await configure('backup', client.ClientSecretBasic('not-the-secret'));
    await assert.rejects(client.clientCredentialsGrant(config), (error) => {
      assert.equal(error.status ?? error.cause?.status ?? error.response?.status, 401);
      return true;
    });
  },

  async 'a denial comes back as access_denied with the issuer'() {
    await assert.rejects(codeFlow(await album(), { decision: 'deny', prompt: 'consent' }), (error) => {
      assert.ok(error instanceof client.AuthorizationResponseError, String(error));
      assert.equal(error.error, 'access_denied');
      assert.equal(error.cause.get('iss'), server.issuer);
      return true;
    });
  },

  async 'prompt none before, and after, a person signed in and agreed'() {
    const config = await album();
    const at = await seat(browser, { origins });
    await assert.rejects(codeFlow(config, { at, prompt: 'none' }), { error: 'login_required' });
    await codeFlow(config, { at, person: BEN });
    const { tokens, steps } = await codeFlow(config, { at, prompt: 'none' });
    assert.deepEqual(steps, ['#client']);
    assert.equal(tokens.claims().sub, BEN.subject);
    await assert.rejects(codeFlow(config, { at, prompt: 'none', scope: 'openid photos.write' }), { error: 'consent_required' });
    await at.context.close();
  },

  async 'max_age and prompt login ask for the password again'() {
    const config = await album();
    const at = await seat(browser, { origins });
    const first = await codeFlow(config, { at, max_age: '600' });
    const login = await codeFlow(config, { at, prompt: 'login', max_age: '600' });
    assert.ok(login.steps.includes('#login'));
    assert.ok(login.tokens.claims().auth_time >= first.tokens.claims().auth_time);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const aged = await codeFlow(config, { at, max_age: '1' });
    assert.ok(aged.steps.includes('#login'));
    assert.ok(aged.tokens.claims().auth_time > login.tokens.claims().auth_time);
    await at.context.close();
  },

  async 'a resource sees its own tokens and no others'() {
    const config = await album();
    const { tokens: meant } = await codeFlow(config, { resource: PHOTOS, scope: 'openid photos.read', prompt: 'consent' });
    const { tokens: other } = await codeFlow(config, { scope: 'openid email', prompt: 'consent' });
    const seen = await client.tokenIntrospection(await photos(), meant.access_token);
    assert.equal(seen.active, true);
    assert.equal([seen.aud].flat()[0], PHOTOS);
    assert.ok(seen.exp - seen.iat <= 300);
    assert.deepEqual(await client.tokenIntrospection(await photos(), other.access_token), { active: false });
    await assert.rejects(codeFlow(config, { resource: 'urn:example:unknown' }), { error: 'invalid_target' });
  },

  async 'client credentials'() {
    const config = await configure('backup', client.ClientSecretBasic(AWKWARD_SECRET));
    const tokens = await client.clientCredentialsGrant(config, { scope: 'photos.read', resource: PHOTOS });
    assert.equal(tokens.scope ?? 'photos.read', 'photos.read');
    assert.equal(tokens.refresh_token, undefined);
    const seen = await client.tokenIntrospection(await photos(), tokens.access_token);
    assert.equal(seen.active, true);
    assert.equal(seen.client_id, 'backup');
    await assert.rejects(client.clientCredentialsGrant(config, { scope: 'photos.write' }), { error: 'invalid_scope' });
    const unfit = await configure('poster', client.ClientSecretPost(AWKWARD_SECRET));
    await assert.rejects(client.clientCredentialsGrant(unfit), { error: 'unauthorized_client' });
  },

  ...deviceCases({ browser, origins, configure, server, secret: AWKWARD_SECRET }),
};

await runCases(cases, async () => {
  await browser.close();
  await server.stop();
  await receiver.stop();
});
