// Two dialects on one server: what was given in the one is nothing in the other.
//
// Spec: RFC 9635 §6, RFC 9767 §3.3; Open Payments 1.3; threats C8, G13

import assert from 'node:assert/strict';
import { GnapError } from './client.mjs';

const INACTIVE = { active: false };
const QUOTE = { type: 'quote', actions: ['create'] };

export function dialectCases(stage) {
  const refused = (promise, ...wanted) => assert.rejects(promise, (error) => {
    assert.ok(error instanceof GnapError, error);
    assert.deepEqual([error.status, error.code], wanted);
    return true;
  });

  /** A token of Open Payments, given at once to a bare key. */
  async function payment(client) {
    const content = { access_token: { access: [QUOTE] }, client: { jwk: client.key.jwk } };
    const { access_token } = await client.call('POST', stage.payments.endpoint, { content });
    return access_token;
  }

  /** What the resource server of a wallet is told. */
  async function told(value) {
    const body = JSON.stringify({ access_token: value, access: [QUOTE] });
    const reply = await fetch(stage.payments.introspection, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return reply.json();
  }

  const nameOf = (address) => new URL(address).pathname.split('/').at(-1);
  const managedAt = (uri, value) => ({ manage: { uri, access_token: { value } } });

  return {
    async 'g13 a token of Open Payments is not managed by RFC 9635'() {
      const client = await stage.client();
      const token = await payment(client);
      const here = managedAt(`${stage.endpoint}/token/${nameOf(token.manage)}`, token.value);
      await refused(client.rotate(here), 400, 'invalid_rotation');
      await refused(client.revoke(here), 400, 'invalid_request');
      assert.deepEqual(await stage.introspect(token.value), INACTIVE);
      assert.equal((await told(token.value)).active, true);
      const { access_token: next } = await client.call('POST', token.manage, { token: token.value });
      assert.deepEqual([(await told(token.value)).active, (await told(next.value)).active], [false, true]);
    },

    async 'g13 a token of RFC 9635 is not managed by Open Payments'() {
      const client = await stage.client();
      const { token } = await stage.through(await client.ask(stage.redirected()));
      const { manage } = await payment(client);
      const there = manage.replace(nameOf(manage), nameOf(token.manage.uri));
      for (const value of [token.value, token.manage.access_token.value]) {
        await refused(client.rotate(managedAt(there, value)), 401, 'invalid_client');
        await refused(client.revoke(managedAt(there, value)), 401, 'invalid_client');
      }
      assert.deepEqual(await told(token.value), INACTIVE);
      assert.equal((await stage.introspect(token.value)).active, true);
      const next = await client.rotate(token);
      assert.equal(await client.revoke(next), undefined);
    },
  };
}
