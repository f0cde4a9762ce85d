// A server that speaks GNAP, the client's place on the web, and people at browsers.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chromium } from 'playwright-core';
import { launch, seat } from '../lib/chromium.mjs';
import { goThrough } from '../lib/person.mjs';
import { Receiver } from '../lib/receiver.mjs';
import { ADA, Server, freePort } from '../lib/server.mjs';
import { Client, finishAt } from './client.mjs';
import { Key } from './key.mjs';

export const DISPLAY = { name: 'Photo printer', uri: 'https://printer.example/about' };
export const PHOTOS = { type: 'photo-api', actions: ['read', 'write'], locations: ['https://photos.example/'], identifier: 'album-7' };
export const CALENDAR = { type: 'calendar-api', actions: ['read'] };

/** The tenant of Open Payments that is the server itself. */
const OPERATOR = 'cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d';

export class Stage {
  static async start(settings = {}, browser = undefined) {
    const stage = new Stage();
    stage.browser = browser ?? (await launch(chromium));
    stage.owner = browser === undefined;
    stage.receiver = await Receiver.start();
    stage.api = await Key.generate('EdDSA', 'httpsig', 'api-1');
    stage.agency = await Key.generate('ES256', 'httpsig', 'agency-1');
    const introspection = await freePort();
    stage.server = await Server.start({
      gnap: { enabled: true },
      open_payments: { operator_tenant: OPERATOR, introspection_listen: `127.0.0.1:${introspection}` },
      outbound: { allow_private: [new URL(stage.receiver.origin).host] },
      clients: [
        { client_id: 'photo-api', client_name: 'Photo API', resource_server: true, grant_types: [], jwks: { keys: [stage.api.jwk] } },
        { client_id: 'agency', client_name: 'Travel agency', grant_types: [], jwks: { keys: [stage.agency.jwk] } },
      ],
      ...settings,
      limits: { pending_per_source: 10_000, client_auth_failures_per_source: 10_000, ...settings.limits },
    });
    stage.endpoint = `${stage.server.issuer}/gnap`;
    stage.payments = { endpoint: `${stage.server.issuer}/op/${OPERATOR}`, introspection: `http://127.0.0.1:${introspection}/` };
    const found = await fetch(`${stage.server.origin}/.well-known/gnap-as-rs`);
    stage.forServers = await found.json();
    stage.origins = [stage.server.origin, stage.receiver.origin];
    return stage;
  }

  async stop() {
    await this.ada?.context.close();
    if (this.owner) await this.browser.close();
    await this.server.stop();
    await this.receiver.stop();
  }

  async client(alg = 'EdDSA', proof = 'httpsig') {
    return new Client(this.endpoint, await Key.generate(alg, proof), { display: DISPLAY });
  }

  registered(name, key) {
    return new Client(this.endpoint, key, { reference: name });
  }

  /** A place at the client, of this request alone. */
  finish(method, more) {
    return finishAt(`${this.receiver.uri}?of=${randomUUID()}`, method, more);
  }

  /** What most requests of these tests ask for: one token by a browser that comes back. */
  redirected(more = {}, finish = {}) {
    return { access_token: { access: [PHOTOS] }, interact: { start: ['redirect'], finish: this.finish('redirect', finish) }, ...more };
  }

  /** The same by polling. */
  polled(more = {}) {
    return { access_token: { access: [PHOTOS] }, interact: { start: ['redirect'] }, ...more };
  }

  /** What a resource server is told of a token; `server` asks, the registered one unless told otherwise. */
  introspect(access_token, more = {}, server = this.registered('photo-api', this.api)) {
    const resource_server = server.reference ?? { key: server.key.json };
    return server.call('POST', this.forServers.introspection_endpoint, { content: { access_token, resource_server, ...more } });
  }

  /** A person with a browser of their own; anything wrong in the browser fails the case. */
  async person(run) {
    const at = await seat(this.browser, { origins: this.origins });
    try {
      await run(at);
    } finally {
      await at.context.close();
    }
    assert.deepEqual(at.findings, []);
  }

  /** Ada, who stays signed in, decides. Answers the steps she came by. */
  async decide(uri, { decision = 'approve', userCode, see } = {}) {
    this.ada ??= await seat(this.browser, { origins: this.origins });
    const page = await this.ada.context.newPage();
    await page.goto(uri);
    const steps = await goThrough(page, { person: ADA, decision, userCode, see });
    if (steps.at(-1) === '#outcome') assert.equal(await page.getAttribute('#outcome', 'data-outcome'), decision === 'approve' ? 'approved' : 'denied');
    await page.close();
    assert.deepEqual(this.ada.findings, []);
    return steps;
  }

  /** What the browser brought to the client, and the reference once the hash was checked. */
  async brought(grant) {
    const { url } = await this.receiver.next();
    const sent = new URL(grant.finish.uri);
    assert.equal(url.searchParams.get('of'), sent.searchParams.get('of'), 'the address of this request, its own query kept');
    return grant.reference(url.searchParams.get('hash'), url.searchParams.get('interact_ref'));
  }

  /** The whole way of a request with a redirect: Ada decides, the client comes back. */
  async through(grant, decision = 'approve') {
    assert.equal((await this.decide(grant.interact.redirect, { decision })).at(-1), '#client');
    return grant.proceed(await this.brought(grant));
  }

  /** The same for one that polls. */
  async polledThrough(grant, options) {
    await this.decide(grant.interact.redirect, options);
    await pause(grant);
    return grant.poll();
  }
}

/** Waits as long as the newest answer says. */
export function pause(grant) {
  return new Promise((resolve) => setTimeout(resolve, grant.next.wait * 1000 + 50));
}
