// Resource servers: what they are told of tokens, the names they give to rights, and the tokens they derive.
//
// Spec: RFC 9767 §2.1, §3.1–3.5, §4; threat C8

import assert from 'node:assert/strict';
import { ADA } from '../lib/server.mjs';
import { send } from './client.mjs';
import { CALENDAR, PHOTOS } from './stage.mjs';

const INACTIVE = { active: false };
const READING = { ...PHOTOS, actions: ['read'] };

export function resourceServerCases(stage) {
  const refused = (promise, code, status) => assert.rejects(promise, { code, status });
  const given = async (client, more) => stage.through(await client.ask(stage.redirected(more)));

  const named = async (server, access) => {
    const content = { access, resource_server: { key: server.key.json } };
    return (await server.call('POST', stage.forServers.resource_registration_endpoint, { content })).resource_reference;
  };

  return {
    async 'rfc9767_3_1 discovery for resource servers'() {
      const found = stage.forServers;
      assert.equal(found.grant_request_endpoint, stage.endpoint);
      for (const name of ['introspection_endpoint', 'resource_registration_endpoint']) assert.ok(found[name].startsWith(stage.server.origin), name);
      assert.ok(found.key_proofs_supported.includes('httpsig') && found.token_formats_supported.length > 0);
    },

    async 'rfc9767_3_3 a registered resource server is told everything but the token'() {
      const client = await stage.client();
      const { token } = await given(client);
      const told = await stage.introspect(token.value, { proof: 'httpsig' });
      assert.equal(told.active, true);
      assert.deepEqual(told.access, [PHOTOS]);
      assert.ok(await client.key.isToldBy(told.key), JSON.stringify(told.key));
      assert.equal(told.iss, stage.endpoint);
      assert.equal(told.sub, ADA.subject);
      assert.ok(told.exp > told.iat && told.value === undefined && !JSON.stringify(told).includes(token.value));
      assert.deepEqual((await stage.introspect(token.value, { access: [READING] })).access, [READING]);
      assert.deepEqual(await stage.introspect(token.value, { access: [CALENDAR] }), INACTIVE);
      assert.deepEqual(await stage.introspect(token.value, { proof: 'jwsd' }), INACTIVE);
      assert.deepEqual(await stage.introspect('no-token-at-all'), INACTIVE);
      assert.deepEqual(await stage.introspect('not a token'), INACTIVE);
    },

    async 'rfc9767_3_5 nobody is told anything without a signature of a resource server'() {
      const { token } = await given(await stage.client());
      const nobody = await stage.client();
      assert.deepEqual(await stage.introspect(token.value, {}, nobody), INACTIVE, 'a key alone has registered nothing');
      const thief = stage.registered('photo-api', (await stage.client()).key);
      await refused(stage.introspect(token.value, {}, thief), 'invalid_resource_server', 400);
      const body = JSON.stringify({ access_token: token.value, resource_server: 'photo-api' });
      const unsigned = send({ method: 'POST', url: stage.forServers.introspection_endpoint, headers: { 'content-type': 'application/json' }, body });
      await refused(unsigned, 'invalid_resource_server', 400);
    },

    async 'rfc9767_3_4 a name for rights: given, asked for, shown, introspected'() {
      const server = await stage.client('ES256', 'jwsd');
      const register = (more) => server.call('POST', stage.forServers.resource_registration_endpoint, { content: { access: [READING, CALENDAR], resource_server: { key: server.key.json }, ...more } });
      const { resource_reference, introspection_endpoint } = await register({ token_formats_supported: ['reference', 'jwt-signed'] });
      assert.equal(introspection_endpoint, stage.forServers.introspection_endpoint);
      assert.equal((await register()).resource_reference, resource_reference, 'the same rights, the same name');
      await refused(register({ token_formats_supported: ['macaroon'] }), 'invalid_request', 400);
      await refused(register({ access: [] }), 'invalid_request', 400);

      const client = await stage.client();
      const grant = await client.ask(stage.redirected({ access_token: { access: [resource_reference] } }));
      let shown = '';
      await stage.decide(grant.interact.redirect, { see: async (page, at) => { if (at === '#approve') shown = await page.textContent('main'); } });
      assert.ok(shown.includes('calendar-api') && shown.includes('album-7'), 'people see what the name stands for');
      await grant.proceed(await stage.brought(grant));
      const told = await stage.introspect(grant.token.value, {}, server);
      assert.equal(told.active, true);
      assert.equal(told.access.length, 2);
      const { token: unrelated } = await given(client, { access_token: { access: ['something-else'] } });
      assert.deepEqual(await stage.introspect(unrelated.value, {}, server), INACTIVE);
    },

    async 'c8 who names the same rights first is told nothing of a token that another name was asked for by'() {
      const [stranger, server, client] = [await stage.client(), await stage.client(), await stage.client()];
      const taken = await named(stranger, [CALENDAR]);
      const reference = await named(server, [CALENDAR]);
      assert.notEqual(reference, taken);
      const { token } = await given(client, { access_token: { access: [reference] } });
      assert.deepEqual(await stage.introspect(token.value, {}, stranger), INACTIVE);
      assert.deepEqual((await stage.introspect(token.value, {}, server)).access, [CALENDAR]);
      const { token: spelled } = await given(client, { access_token: { access: [CALENDAR] } });
      for (const asker of [stranger, server]) assert.deepEqual(await stage.introspect(spelled.value, {}, asker), INACTIVE, 'no name was asked for');
      assert.deepEqual((await stage.introspect(spelled.value)).access, [CALENDAR], 'the registered one is told');
    },

    async 'rfc9767_4 a resource server derives a token, within the one it was shown and no longer than the grant'() {
      const client = await stage.client();
      const grant = await given(client);
      const api = stage.registered('photo-api', stage.api);
      const derive = (access, existing_access_token = grant.token.value) => api.ask({ access_token: { access }, existing_access_token });
      const derived = await derive([READING]);
      assert.deepEqual(derived.token.access, [READING]);
      assert.equal(derived.interact, undefined, 'nobody is asked');
      assert.ok(derived.token.expires_in <= grant.token.expires_in);
      assert.equal((await stage.introspect(derived.token.value)).active, true);
      await refused(derive([PHOTOS, CALENDAR]), 'request_denied', 403);
      await refused(derive([READING], 'no-token-at-all'), 'invalid_request', 400);
      await grant.cancel();
      assert.equal((await stage.introspect(derived.token.value)).active, false);
    },
  };
}
