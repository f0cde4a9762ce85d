// The device flow by openid-client's own poll loop.
//
// Spec: RFC 8628 §3.1–3.5

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as client from 'openid-client';
import { seat } from '../lib/chromium.mjs';
import { goThrough } from '../lib/person.mjs';
import { ADA, Server } from '../lib/server.mjs';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** Keeps the error of every answer of the token endpoint. */
function listen(config) {
  const errors = [];
  config[client.customFetch] = async (url, options) => {
    const reply = await fetch(url, options);
    if (url === config.serverMetadata().token_endpoint) errors.push((await reply.clone().json()).error);
    return reply;
  };
  return errors;
}

export function deviceCases({ browser, origins, configure, server, secret }) {
  /** Begins, lets the person do `decision` while the library polls, and answers what the library said. */
  async function flow(config, decision, scope = 'openid profile photos.read') {
    const begun = await client.initiateDeviceAuthorization(config, { scope });
    const polled = client.pollDeviceAuthorizationGrant(config, begun, undefined, { signal: AbortSignal.timeout(40_000) });
    polled.catch(() => {});
    const { page, context, findings } = await seat(browser, { origins });
    await page.goto(begun.verification_uri_complete);
    const steps = await goThrough(page, { person: ADA, decision });
    assert.ok(steps.includes('#approve') && steps.includes('#user-code'), `a prefilled code is shown and confirmed: ${steps}`);
    assert.equal(await page.getAttribute('#outcome', 'data-outcome'), decision === 'approve' ? 'approved' : 'denied');
    assert.deepEqual(findings, []);
    await context.close();
    return { polled, begun };
  }

  return {
    async 'device flow of a public client, with userinfo, refresh and revocation'() {
      const config = await configure('tv', client.None());
      const { polled, begun } = await flow(config, 'approve', 'openid profile photos.read offline_access');
      const tokens = await polled;
      assert.equal(tokens.claims().sub, ADA.subject);
      const known = await client.fetchUserInfo(config, tokens.access_token, ADA.subject);
      assert.equal(known.given_name, ADA.claims.given_name);
      const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
      await client.tokenRevocation(config, renewed.refresh_token);
      await assert.rejects(client.fetchUserInfo(config, renewed.access_token, ADA.subject), client.WWWAuthenticateChallengeError);
      const again = client.pollDeviceAuthorizationGrant(config, begun, undefined, { signal: AbortSignal.timeout(10_000) });
      await assert.rejects(again, { error: 'invalid_grant' });
    },

    async 'device flow of a client with a secret, the code typed by hand'() {
      const config = await configure('printer', client.ClientSecretBasic(secret));
      const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
      const { page, context, findings } = await seat(browser, { origins });
      await page.goto(begun.verification_uri);
      // RFC 8628 §6.1: capitals and dashes do not matter.
      await goThrough(page, { person: ADA, userCode: begun.user_code.replaceAll('-', ' ').toLowerCase() });
      assert.equal(await page.getAttribute('#outcome', 'data-outcome'), 'approved');
      assert.deepEqual(findings, []);
      await context.close();
      const tokens = await client.pollDeviceAuthorizationGrant(config, begun, undefined, { signal: AbortSignal.timeout(20_000) });
      assert.equal(tokens.claims().sub, ADA.subject);
    },

    async 'rfc8628_3_5 the poll loop meets slow_down and still gets its tokens'() {
      const config = await configure('tv', client.None());
      const errors = listen(config);
      const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
      assert.equal(begun.interval, 1);
      const polled = client.pollDeviceAuthorizationGrant(config, begun, undefined, { signal: AbortSignal.timeout(60_000) });
      polled.catch(() => {});
      // Somebody else polls with the same code, so that the library's next poll is early.
      const early = () => fetch(server.metadata.token_endpoint, {
        method: 'POST', body: new URLSearchParams({ grant_type: DEVICE_CODE, device_code: begun.device_code, client_id: 'tv' }),
      });
      while (!errors.includes('slow_down')) {
        await early();
        await sleep(100);
      }
      const { page, context } = await seat(browser, { origins });
      await page.goto(begun.verification_uri_complete);
      await goThrough(page, { person: ADA });
      await context.close();
      assert.equal((await polled).claims().sub, ADA.subject);
      assert.equal(errors.at(-1), undefined);
    },

    async 'a denied device learns access_denied'() {
      const { polled } = await flow(await configure('tv', client.None()), 'deny');
      await assert.rejects(polled, { error: 'access_denied' });
    },

    async 'an expired device code is expired_token'() {
      const short = await Server.start({ lifetimes: { device_code: 3 }, clients: [{ client_id: 'tv', grant_types: [DEVICE_CODE] }] });
      try {
        const config = await client.discovery(new URL(short.issuer), 'tv', undefined, client.None(), { execute: [client.allowInsecureRequests] });
        const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
        assert.equal(begun.expires_in, 3);
        // The library gives up by itself when the code's time is over; with more patience it hears it from the server.
        const patient = { ...begun, expires_in: 60 };
        await assert.rejects(client.pollDeviceAuthorizationGrant(config, patient), { error: 'expired_token' });
      } finally {
        await short.stop();
      }
    },
  };
}
