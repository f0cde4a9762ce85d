// A server with its clients, a Chromium, and the clients' side of the flows in plain HTTP.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { seat } from '../lib/chromium.mjs';
import { Receiver } from '../lib/receiver.mjs';
import { Server } from '../lib/server.mjs';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const SECRET = 'a-long-enough-secret-of-the-frame-19f3';
const COLLECT_LIMIT_MS = 30_000;

export const FRAME_NAME = 'Photo frame';
export const TV_NAME = 'Living room television';

/** What every server of these tests declares, unless told otherwise. */
function declarations(receiver) {
  return {
    scopes: [
      { name: 'photos', description: { en: 'See your photos', de: 'Ihre Fotos sehen', fr: 'Voir vos photos' } },
      { name: 'photos.delete', description: { en: 'Delete your photos' }, optional: true },
    ],
    resources: [{ id: 'urn:example:photos', name: 'Photo store' }],
    clients: [
      { client_id: 'frame', client_name: FRAME_NAME, client_secret: SECRET, redirect_uris: [receiver.uri], client_uri: `${receiver.origin}/`, logo_uri: 'https://frame.example/logo.png', policy_uri: 'https://frame.example/privacy', tos_uri: 'https://frame.example/terms', grant_types: ['authorization_code', 'refresh_token'] },
      { client_id: 'tv', client_name: TV_NAME, grant_types: [DEVICE_CODE, 'refresh_token'] },
    ],
  };
}

export class Stage {
  static async start(browser, settings = {}) {
    const stage = new Stage();
    stage.browser = browser;
    stage.receiver = await Receiver.start();
    stage.server = await Server.start({ ...declarations(stage.receiver), ...settings });
    return stage;
  }

  async stop() {
    await this.server.stop();
    await this.receiver.stop();
  }

  /** A person with a browser of their own, for as long as `run` takes; anything wrong in the browser fails the case. */
  async person(options, run) {
    const at = await seat(this.browser, { origins: [this.server.origin, this.receiver.origin], ...options });
    try {
      await run(at);
    } catch (error) {
      if (at.findings.length > 0) error.message += `\nin the browser: ${at.findings.join('\n')}`;
      error.message += `\nat ${at.page.url()}`;
      throw error;
    } finally {
      await at.context.close();
    }
    assert.deepEqual(at.findings, []);
  }

  async post(endpoint, fields, authenticated = false) {
    const headers = authenticated ? { authorization: `Basic ${Buffer.from(`frame:${SECRET}`).toString('base64')}` } : {};
    const reply = await fetch(this.server.metadata[endpoint], { method: 'POST', headers, body: new URLSearchParams(fields), redirect: 'manual' });
    return { status: reply.status, ...(await reply.json().catch(() => ({}))) };
  }

  // The code flow.

  /** An authorization request, and how to finish it with the browser's next arrival at the client. */
  authorization(parameters = {}) {
    const verifier = randomBytes(32).toString('base64url');
    const state = randomBytes(12).toString('base64url');
    const url = new URL(this.server.metadata.authorization_endpoint);
    url.search = new URLSearchParams({
      client_id: 'frame', redirect_uri: this.receiver.uri, response_type: 'code', scope: 'openid photos offline_access', prompt: 'consent', state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...parameters,
    });
    if (parameters.prompt === '') url.searchParams.delete('prompt');
    const redeem = (code) => this.post('token_endpoint', {
      grant_type: 'authorization_code', code, redirect_uri: this.receiver.uri, code_verifier: verifier,
    }, true);
    return { url: url.href, state, redeem };
  }

  /** What the browser brought to the client; its state and issuer are checked. */
  async arrival(state) {
    const arrival = await this.receiver.next();
    const brought = arrival.method === 'POST' ? arrival.form : arrival.url.searchParams;
    assert.equal(brought.get('state'), state);
    assert.equal(brought.get('iss'), this.server.issuer);
    return { ...arrival, brought };
  }

  async introspect(token) {
    return this.post('introspection_endpoint', { token }, true);
  }

  // The device flow.

  async device(scope = 'openid photos offline_access') {
    const begun = await this.post('device_authorization_endpoint', { client_id: 'tv', scope });
    assert.equal(begun.status, 200, JSON.stringify(begun));
    return begun;
  }

  poll({ device_code }) {
    return this.post('token_endpoint', { grant_type: DEVICE_CODE, device_code, client_id: 'tv' });
  }

  /** Polls as RFC 8628 §3.5 asks, until the answer is final. */
  async collect(begun) {
    let interval = begun.interval;
    const until = Date.now() + COLLECT_LIMIT_MS;
    while (Date.now() < until) {
      const answer = await this.poll(begun);
      if (answer.error === 'slow_down') interval += 5;
      else if (answer.error !== 'authorization_pending') return answer;
      await sleep(interval * 1000);
    }
    throw new Error('no final answer');
  }

  async isPending(begun) {
    const { error } = await this.poll(begun);
    assert.ok(['authorization_pending', 'slow_down'].includes(error), `the request is no longer pending: ${error}`);
  }
}
