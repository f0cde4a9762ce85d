// A GNAP client: asks, comes back, changes, takes back, and manages its tokens. It reads answers as strictly as it may.
//
// Spec: RFC 9635 §2, §3, §4.2.3, §5, §6

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

const HASHES = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512', 'sha3-256': 'sha3-256', 'sha3-512': 'sha3-512' };
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/** An answer that is an error of the protocol. */
export class GnapError extends Error {
  constructor(status, { code, description }, answer) {
    super(`${status} ${code}: ${description}`);
    Object.assign(this, { status, code, answer });
  }
}

/** Sends `request` as it stands. Answers the JSON, `undefined` for 204; throws [`GnapError`]. */
export async function send({ method, url, headers, body }) {
  const reply = await fetch(url, { method, headers, body, redirect: 'manual' });
  if (reply.status === 204) return undefined;
  assert.match(reply.headers.get('content-type'), /^application\/json\b/);
  const json = await reply.json();
  // RFC 9635 §3: nobody may keep what holds tokens.
  if (method !== 'OPTIONS' && method !== 'GET') assert.equal(reply.headers.get('cache-control'), 'no-store');
  if (json.error !== undefined) {
    assert.ok(reply.status >= 400, `an error is no ${reply.status}`);
    throw new GnapError(reply.status, json.error, json);
  }
  assert.equal(reply.status, 200, JSON.stringify(json));
  Object.defineProperty(json, 'headers', { value: reply.headers });
  return json;
}

/** A request as it is signed. */
export function draft(method, url, { token, content, headers = {} } = {}) {
  const request = { method, url, headers: { ...headers } };
  if (token) request.headers.authorization = `GNAP ${token}`;
  if (content !== undefined) {
    request.body = JSON.stringify(content);
    request.headers['content-type'] = 'application/json';
  }
  return request;
}

/** RFC 9635 §4.2.3, with the library of the platform. */
export function interactionHash(method, ...lines) {
  return createHash(HASHES[method]).update(lines.join('\n'), 'ascii').digest('base64url');
}

export class Client {
  constructor(endpoint, key, { display, reference } = {}) {
    Object.assign(this, { endpoint, key, display, reference });
  }

  get self() {
    return this.reference ?? { key: this.key.json, display: this.display };
  }

  /** Signs and sends. */
  async call(method, url, options, twist) {
    return send(await this.key.sign(draft(method, url, options), twist));
  }

  /** Asks for a grant; `ask` is the body without `client`. */
  async ask(ask, twist) {
    const answer = await this.call('POST', this.endpoint, { content: { ...ask, client: this.self } }, twist);
    return new Grant(this, ask, answer);
  }

  rotate({ manage }, twist) {
    return this.call('POST', manage.uri, { token: manage.access_token.value }, twist).then(({ access_token }) => read(access_token));
  }

  /** Binds the token to `next`. */
  async rotateKey({ manage }, next) {
    const request = draft('POST', manage.uri, { token: manage.access_token.value, content: { key: next.json } });
    return read((await send(await this.key.signOver(request, next))).access_token);
  }

  revoke({ manage }, twist) {
    return this.call('DELETE', manage.uri, { token: manage.access_token.value }, twist);
  }
}

/** A token as RFC 9635 §3.2.1 has it. */
function read(token) {
  assert.match(token.value, TOKEN68);
  assert.ok(Array.isArray(token.access) && token.access.length > 0);
  assert.match(token.manage.access_token.value, TOKEN68);
  assert.notEqual(token.manage.access_token.value, token.value);
  assert.ok(!token.manage.uri.includes(token.value), 'the address does not tell the value');
  assert.ok(token.expires_in > 0);
  assert.ok(!(token.flags?.includes('bearer') && token.key), 'a bearer token has no key');
  return token;
}

/** One grant, from the first answer to the last. */
export class Grant {
  constructor(client, ask, answer) {
    Object.assign(this, { client, ask, finish: ask.interact?.finish, tokensSeen: new Set() });
    take(this, answer);
    if (answer.continue) assert.ok(Number.isInteger(answer.continue.wait));
    if (answer.interact) assert.equal(answer.interact.finish === undefined, this.finish === undefined);
  }

  get token() {
    assert.equal(this.tokens?.length, 1);
    return this.tokens[0];
  }

  /** What may come back from the interaction, checked as RFC 9635 §4.2.3 demands; the reference. */
  reference(hash, ref) {
    const { nonce, hash_method = 'sha-256' } = this.finish;
    assert.equal(hash, interactionHash(hash_method, nonce, this.interact.finish, ref, this.client.endpoint));
    return ref;
  }

  async proceed(interact_ref, twist) {
    return take(this, await back(this, 'POST', interact_ref === undefined ? undefined : { interact_ref }, {}, twist));
  }

  /** One poll; with `wait`, held by the server for as many seconds. */
  async poll(wait) {
    return take(this, await back(this, 'POST', undefined, wait ? { prefer: `wait=${wait}` } : {}));
  }

  async modify(change) {
    if (change.interact) this.finish = change.interact.finish;
    if (change.access_token) this.ask = { ...this.ask, access_token: change.access_token };
    return take(this, await back(this, 'PATCH', change));
  }

  cancel() {
    return back(this, 'DELETE');
  }

  /** A second client object that remembers this moment: what a copy of the state could do. */
  copy() {
    return Object.assign(Object.create(Grant.prototype), this);
  }
}

function take(grant, answer) {
  Object.assign(grant, { answer, interact: answer.interact ?? grant.interact, next: answer.continue });
  if (grant.next) assert.match(grant.next.access_token.value, TOKEN68);
  if (answer.access_token) grant.tokens = [answer.access_token].flat().map(read);
  // RFC 9635 §3.2: the shape of the answer is that of the question.
  if (answer.access_token && grant.ask.access_token) assert.equal(Array.isArray(answer.access_token), Array.isArray(grant.ask.access_token));
  return grant;
}

async function back({ client, next }, method, content, headers, twist) {
  return client.call(method, next.uri, { token: next.access_token.value, content, headers }, twist);
}

/** A finish of a request: unguessable, of its own. */
export function finishAt(uri, method = 'redirect', more = {}) {
  return { method, uri, nonce: randomBytes(15).toString('base64url'), ...more };
}
