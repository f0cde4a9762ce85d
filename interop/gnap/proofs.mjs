// Every way to prove every kind of key, and proofs that are none.
//
// Spec: RFC 9635 §2.3, §7.1, §7.3, §7.3.1, §7.3.3, §7.3.4, §11.8; threats G1, G2

import assert from 'node:assert/strict';
import { draft, send } from './client.mjs';
import { Key } from './key.mjs';
import { pause } from './stage.mjs';

const seconds = () => Math.floor(Date.now() / 1000);

export function proofCases(stage) {
  const refused = (promise, code, status) => assert.rejects(promise, { code, status });
  const cases = {};

  const declared = { method: 'httpsig', alg: 'ecdsa-p256-sha256', 'content-digest-alg': 'sha-512' };
  const kinds = ['httpsig', 'jwsd', 'jws'].flatMap((proof) => ['PS256', 'ES256', 'EdDSA'].map((alg) => [alg, proof]));
  for (const [alg, proof] of [...kinds, ['ES256', declared], ['RS256', 'httpsig']]) {
    cases[`rfc9635_7_3 ${alg} by ${proof.method ? 'httpsig with parameters' : proof}: ask, poll, rotate, revoke, take back`] = async () => {
      const client = await stage.client(alg, proof);
      const grant = await client.ask(stage.polled());
      await stage.polledThrough(grant);
      const told = await stage.introspect(grant.token.value);
      assert.ok(await client.key.isToldBy(told.key), JSON.stringify(told.key));
      const rotated = await client.rotate(grant.token);
      await client.revoke(rotated);
      await grant.cancel();
    };
  }

  /** Refusals of a first request, and of a continuation, which has a token to sign for. */
  const spoiled = {
    httpsig: {
      'without its tag': { parameters: { tag: undefined } },
      'with the tag of a rotation': { parameters: { tag: 'gnap-rotate' } },
      'of an hour ago': { parameters: { created: new Date(Date.now() - 3_600_000) } },
      'of an hour hence': { parameters: { created: new Date(Date.now() + 3_600_000) } },
      'without a time': { parameters: { created: undefined } },
      'that names an algorithm': { parameters: { alg: 'ed25519' } },
      'of another key’s name': { parameters: { keyid: 'someone' } },
      'without the method': { without: ['@method'] },
      'without the address': { without: ['@target-uri'] },
      'without the content': { without: ['content-digest'] },
      'over other content': { digestOf: '{"access_token":{"access":["other"]}}' },
    },
    jwsd: {
      'of another type': { header: { typ: 'gnap-binding-jws' } },
      'of an hour ago': { header: { created: seconds() - 3600 } },
      'for another method': { header: { htm: 'GET' } },
      'for another address': { header: { uri: 'https://as.example/gnap' } },
      'of another key’s name': { header: { kid: 'someone' } },
      'over other content': { digestOf: '{}' },
    },
    jws: {
      'of another type': { header: { typ: 'gnap-binding-jwsd' } },
      'of an hour ago': { header: { created: seconds() - 3600 } },
      'for another method': { header: { htm: 'PUT' } },
    },
  };
  for (const [proof, twists] of Object.entries(spoiled)) {
    cases[`g1 a signature by ${proof} that proves nothing`] = async () => {
      const client = await stage.client('EdDSA', proof);
      for (const [name, twist] of Object.entries(twists)) {
        await assert.rejects(client.ask(stage.redirected(), twist), { code: 'invalid_client', status: 401 }, name);
      }
      assert.ok((await client.ask(stage.redirected())).next);
    };
  }

  return {
    ...cases,

    async 'g1 no signature, one of another key, and one that was used'() {
      const client = await stage.client();
      const content = { ...stage.redirected(), client: client.self };
      const request = draft('POST', stage.endpoint, { content });
      await refused(send(request), 'invalid_client', 401);
      const other = await Key.generate('EdDSA', 'httpsig', client.key.kid);
      await refused(send(await other.sign(request)), 'invalid_client', 401);
      const signed = await client.key.sign(request);
      assert.ok((await send(signed)).continue);
      await refused(send(signed), 'invalid_client', 401);
    },

    async 'g2 a token must be signed for'() {
      for (const [proof, twist] of [['httpsig', { without: ['authorization'] }], ['jwsd', { header: { ath: 'AAAA' } }], ['jws', { header: { ath: undefined } }]]) {
        const client = await stage.client('ES256', proof);
        const grant = await client.ask(stage.polled());
        await refused(grant.proceed('x', twist), 'invalid_client', 401);
        await pause(grant);
        await grant.poll();
      }
    },

    async 'rfc9635_7_1 keys that are none: private, symmetric, without a name, in two formats'() {
      const client = await stage.client();
      const { jwk } = client.key;
      const pair = { ...jwk, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' };
      const bad = [
        { proof: 'httpsig', jwk: pair }, { proof: 'httpsig', jwk: { kty: 'oct', k: 'c2VjcmV0', kid: 'k', alg: 'HS256' } },
        { proof: 'httpsig', jwk: { ...jwk, kid: undefined } }, { proof: 'httpsig', jwk: { ...jwk, alg: 'none' } },
        { proof: 'httpsig', jwk, cert: 'MIIB' }, { proof: 'httpsig' }, { jwk }, { proof: 'telepathy', jwk },
      ];
      for (const key of bad) {
        const content = { ...stage.redirected(), client: { key } };
        const tried = client.call('POST', stage.endpoint, { content });
        await assert.rejects(tried, ({ code, status }) => ['invalid_request', 'invalid_client'].includes(code) && status < 500, JSON.stringify(key));
      }
    },

    async 'what is no request at all is invalid_request, never a failure of the server'() {
      const { key } = await stage.client();
      for (const body of ['', '{', '[]', 'null', '{}', '{"client":{}}', '{"access_token":{"access":[]},"client":"x"}', '{"a":1,"a":2}']) {
        const signed = await key.sign({ method: 'POST', url: stage.endpoint, headers: { 'content-type': 'application/json' }, body });
        await assert.rejects(send(signed), ({ status }) => status >= 400 && status < 500, body);
      }
    },
  };
}
