// A client of GNAP that brings nobody: it names the person, and asks again and again.
//
// Spec: RFC 9421 §2.5, §3.1, RFC 9530 §2, RFC 9635 §2.4, §2.5.1, §5.2, §7.3.1

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export const CLOCK_NAME = 'Kitchen clock';
const CALENDAR = { type: 'calendar-api', actions: ['read'], locations: ['https://calendar.example/'] };

export class Asker {
  constructor(endpoint) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    Object.assign(this, { endpoint, secret: privateKey, kid: `clock-${randomUUID()}` });
    this.jwk = { ...publicKey.export({ format: 'jwk' }), kid: this.kid, alg: 'EdDSA' };
  }

  async #post(url, { content, token }) {
    const covered = [['@method', 'POST'], ['@target-uri', url]];
    const body = content && JSON.stringify(content);
    if (body) {
      const digest = createHash('sha256').update(body).digest('base64');
      covered.push(['content-type', 'application/json'], ['content-digest', `sha-256=:${digest}:`]);
    }
    if (token) covered.push(['authorization', `GNAP ${token}`]);
    const names = covered.map(([name]) => `"${name}"`).join(' ');
    const parameters = `(${names});created=${Math.floor(Date.now() / 1000)};keyid="${this.kid}";nonce="${randomUUID()}";tag="gnap"`;
    const lines = [...covered, ['@signature-params', parameters]].map(([name, value]) => `"${name}": ${value}`);
    const signature = sign(null, Buffer.from(lines.join('\n')), this.secret).toString('base64');
    const headers = Object.fromEntries(covered.filter(([name]) => !name.startsWith('@')));
    const proof = { 'signature-input': `sig1=${parameters}`, signature: `sig1=:${signature}:` };
    const reply = await fetch(url, { method: 'POST', body, headers: { ...headers, ...proof } });
    return { status: reply.status, ...(await reply.json()) };
  }

  /** Lays a request before a person. Answers where it is continued. */
  async lay({ subject }) {
    const told = await this.#post(this.endpoint, {
      content: {
        access_token: { access: [CALENDAR] },
        client: { key: { proof: 'httpsig', jwk: this.jwk }, display: { name: CLOCK_NAME, uri: 'https://clock.example/about' } },
        user: { sub_ids: [{ format: 'opaque', id: subject }] },
        interact: { start: [] },
      },
    });
    assert.equal(told.status, 200, JSON.stringify(told));
    return told;
  }

  /** Comes back once the pace allows it. */
  async comeBack({ continue: next }) {
    await sleep(next.wait * 1000 + 50);
    return this.#post(next.uri, { token: next.access_token.value });
  }
}
