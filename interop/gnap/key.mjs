// A client's key, and how a request is signed with it.
//
// Spec: RFC 9421 §2–4, RFC 9530 §2, RFC 9635 §7.1, §7.3.1, §7.3.3, §7.3.4

import { constants, createHash, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { httpbis } from 'http-message-signatures';
import { calculateJwkThumbprint, CompactSign, exportJWK } from 'jose';

const KINDS = {
  EdDSA: ['ed25519', {}],
  ES256: ['ec', { namedCurve: 'P-256' }],
  PS256: ['rsa', { modulusLength: 2048 }],
  RS256: ['rsa', { modulusLength: 2048 }],
};

const SIGN = {
  EdDSA: (data, key) => signBytes(null, data, key),
  ES256: (data, key) => signBytes('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  PS256: (data, key) => signBytes('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  RS256: (data, key) => signBytes('sha256', data, key),
};

const digest = (name, data) => createHash(name.replace('sha-', 'sha')).update(data).digest();
const seconds = () => Math.floor(Date.now() / 1000);

export class Key {
  /** `proof` is the value of the member, a string or an object; `kid` a name of its own unless given. */
  static async generate(alg, proof = 'httpsig', kid = `key-${randomUUID().slice(0, 8)}`) {
    const { publicKey, privateKey } = generateKeyPairSync(...KINDS[alg]);
    const key = new Key();
    Object.assign(key, { alg, kid, proof, secret: privateKey });
    key.jwk = { ...(await exportJWK(publicKey)), kid, alg };
    key.json = { proof, jwk: key.jwk };
    key.thumbprint = await calculateJwkThumbprint(key.jwk);
    return key;
  }

  /** Whether a key that was told is this one. What it is used for may be added to it. */
  async isToldBy({ proof, jwk }) {
    const same = jwk.kid === this.kid && jwk.alg === this.alg && (await calculateJwkThumbprint(jwk)) === this.thumbprint;
    return same && jwk.d === undefined && isDeepStrictEqual(proof, this.proof);
  }

  get method() {
    return this.proof.method ?? this.proof;
  }

  /** `{ method, url, headers, body }` with what proves this key. `twist` spoils it, for tests of refusal. */
  sign(request, twist = {}) {
    return { httpsig: httpsig, jwsd: detached, jws: attached }[this.method](request, this, twist);
  }

  /** The same when `next` takes over from this key (RFC 9635 §7.3.1.1, §7.3.3.1, §7.3.4.1). */
  async signOver(request, next) {
    if (this.method === 'httpsig') {
      const signed = await httpsig(request, this, { label: 'old' });
      return httpsig(signed, next, { label: 'new', tag: 'gnap-rotate', also: ['"signature";key="old"', '"signature-input";key="old"'] });
    }
    const content = this.method === 'jws' ? Buffer.from(request.body) : digest('sha-256', request.body);
    const inner = await compact(request, this, content, `gnap-binding-rotation-${this.method}`);
    const outer = await compact(request, next, Buffer.from(inner), `gnap-binding-${this.method}`);
    if (this.method === 'jws') return { ...request, body: outer, headers: { ...request.headers, 'content-type': 'application/jose' } };
    return { ...request, headers: { ...request.headers, 'detached-jws': outer } };
  }
}

async function httpsig(request, key, twist) {
  const headers = { ...request.headers };
  const fields = ['@method', '@target-uri'];
  if (request.body !== undefined) {
    const name = key.proof['content-digest-alg'] ?? 'sha-256';
    headers['content-digest'] ??= `${name}=:${digest(name, twist.digestOf ?? request.body).toString('base64')}:`;
    fields.push('content-digest', 'content-type');
  }
  if (headers.authorization) fields.push('authorization');
  const values = { created: new Date(), keyid: key.kid, nonce: randomUUID(), tag: 'gnap', ...twist.parameters };
  if (twist.tag) values.tag = twist.tag;
  const { headers: signed } = await httpbis.signMessage({
    key: { id: key.kid, sign: async (data) => SIGN[key.alg](data, key.secret) },
    name: twist.label ?? 'sig1',
    fields: [...fields.filter((field) => !twist.without?.includes(field)), ...(twist.also ?? [])],
    params: Object.keys(values).filter((name) => values[name] !== undefined),
    paramValues: values,
  }, { method: request.method, url: request.url, headers });
  return { ...request, headers: signed };
}

function compact({ method, url, headers }, key, payload, typ, header = {}) {
  const token = headers.authorization?.split(' ')[1];
  const bound = token ? { ath: digest('sha-256', token).toString('base64url') } : {};
  return new CompactSign(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ, htm: method, uri: url, created: seconds(), ...bound, ...header })
    .sign(key.secret);
}

async function detached(request, key, twist) {
  const payload = request.body === undefined ? new Uint8Array() : digest('sha-256', twist.digestOf ?? request.body);
  const jws = await compact(request, key, payload, 'gnap-binding-jwsd', twist.header);
  return { ...request, headers: { ...request.headers, 'detached-jws': jws } };
}

/** RFC 9635 §7.3.4: a request without content is signed as by `jwsd`. */
async function attached(request, key, twist) {
  if (request.body === undefined) {
    const jws = await compact(request, key, new Uint8Array(), 'gnap-binding-jws', twist.header);
    return { ...request, headers: { ...request.headers, 'detached-jws': jws } };
  }
  const body = await compact(request, key, Buffer.from(request.body), 'gnap-binding-jws', twist.header);
  return { ...request, body, headers: { ...request.headers, 'content-type': 'application/jose' } };
}
