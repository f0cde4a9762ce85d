// The two interoperability profiles, each from the first request to the end of its tokens.
//
// Spec: RFC 9635 appendix C.1, C.2; §2.2, §3.4, §9

import assert from 'node:assert/strict';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { ADA } from '../lib/server.mjs';
import { send } from './client.mjs';
import { PHOTOS } from './stage.mjs';

const SUBJECT = { sub_id_formats: ['opaque'], assertion_formats: ['id_token'] };

export function profileCases(stage) {
  /** The person as both profiles have it: an opaque name, and an ID token that says the same. */
  async function checkSubject({ answer, client }) {
    const { sub_ids: [name], assertions: [assertion] } = answer.subject;
    assert.deepEqual(name, { format: 'opaque', id: ADA.subject });
    assert.equal(assertion.format, 'id_token');
    const keys = createRemoteJWKSet(new URL(stage.server.metadata.jwks_uri));
    const { payload } = await jwtVerify(assertion.value, keys, { issuer: stage.server.issuer });
    assert.equal(payload.sub, ADA.subject);
    assert.ok(String(payload.aud).includes(client.key.thumbprint), `meant for this client: ${payload.aud}`);
  }

  async function useUp(grant) {
    const { client } = grant;
    const rotated = await client.rotate(grant.token);
    assert.notEqual(rotated.value, grant.token.value);
    assert.deepEqual(rotated.access, [PHOTOS]);
    assert.equal(await client.revoke(rotated), undefined);
  }

  return {
    async 'rfc9635_c_1 web-based redirection: PS256, a browser there and back, sha-256, an opaque name and an ID token'() {
      const client = await stage.client('PS256');
      const grant = await client.ask(stage.redirected({ subject: SUBJECT }, { hash_method: 'sha-256' }));
      assert.equal(grant.tokens, undefined);
      await stage.through(grant);
      await checkSubject(grant);
      assert.deepEqual(grant.token.access, [PHOTOS]);
      await useUp(grant);
    },

    async 'rfc9635_c_2 secondary device: PS256, a code with and without an address, a push'() {
      const client = await stage.client('PS256');
      const finish = stage.finish('push', { hash_method: 'sha-256' });
      const grant = await client.ask({
        access_token: { access: [PHOTOS] }, subject: SUBJECT, interact: { start: ['user_code', 'user_code_uri'], finish },
      });
      const { user_code, user_code_uri } = grant.interact;
      assert.equal(user_code_uri.code, user_code);
      assert.ok(!user_code_uri.uri.includes(user_code));
      assert.equal(grant.interact.redirect, undefined, 'only what was asked is offered');
      await stage.decide(user_code_uri.uri, { userCode: user_code });
      const arrival = await stage.receiver.next();
      assert.equal(arrival.method, 'POST');
      assert.match(arrival.headers['content-type'], /^application\/json\b/);
      assert.equal(arrival.url.href, finish.uri);
      const { hash, interact_ref, ...rest } = JSON.parse(arrival.body);
      assert.deepEqual(rest, {});
      await grant.proceed(grant.reference(hash, interact_ref));
      await checkSubject(grant);
      await useUp(grant);
    },

    async 'rfc9635_9 discovery at the grant endpoint, apart from a preflight of CORS'() {
      const found = await send({ method: 'OPTIONS', url: stage.endpoint });
      assert.equal(found.grant_request_endpoint, stage.endpoint);
      const has = (member, ...names) => names.forEach((name) => assert.ok(found[member].includes(name), `${member} ${name}`));
      has('interaction_start_modes_supported', 'redirect', 'app', 'user_code', 'user_code_uri');
      has('interaction_finish_methods_supported', 'redirect', 'push');
      has('key_proofs_supported', 'httpsig', 'jwsd', 'jws');
      has('sub_id_formats_supported', 'opaque', 'iss_sub');
      has('assertion_formats_supported', 'id_token');
      assert.equal(found.key_rotation_supported, true);
      const preflight = await fetch(stage.endpoint, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,signature,signature-input,content-digest,authorization' },
      });
      assert.ok(preflight.ok && preflight.headers.get('access-control-allow-methods').includes('POST'));
      const allowed = preflight.headers.get('access-control-allow-headers').toLowerCase();
      for (const name of ['signature', 'signature-input', 'content-digest', 'authorization', 'content-type']) assert.ok(allowed === '*' || allowed.includes(name), name);
      assert.equal(await preflight.text(), '');
    },
  };
}
