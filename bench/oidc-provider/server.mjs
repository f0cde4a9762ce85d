// The peer of `cargo xtask bench`: npm oidc-provider with the features it has in common with Placet.
// PORT, ADAPTER = memory | sqlite | postgres, SQLITE_FILE, SQLITE_SYNC = FULL | NORMAL, POSTGRES_URL
import { generateKeyPairSync } from 'node:crypto';
import process from 'node:process';

const PORT = Number(process.env.PORT || 3100);
const ADAPTER = process.env.ADAPTER || 'memory';
const issuer = process.env.ISSUER || `http://127.0.0.1:${PORT}`;
const t0 = Number(process.env.T0 || Date.now());

await worker();

async function worker() {
  const { default: Provider } = await import('oidc-provider');
  const keys = {
    keys: [
      { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'es' },
      { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'rs' },
    ],
  };
  const JWT_AUD = 'urn:bench:jwt';
  const OPAQUE_AUD = 'urn:bench:opaque';
  const adapter = await { memory, sqlite, postgres }[ADAPTER]();

  const provider = new Provider(issuer, {
    adapter,
    jwks: keys,
    cookies: { keys: ['bench-cookie-key'] },
    scopes: ['openid', 'offline_access', 'read'],
    clients: [
      { client_id: 'svc', client_secret: 'svc-secret-0123456789', grant_types: ['client_credentials'], response_types: [], redirect_uris: [], token_endpoint_auth_method: 'client_secret_basic' },
      { client_id: 'tv', token_endpoint_auth_method: 'none', grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'], response_types: [], redirect_uris: [], application_type: 'native' },
      { client_id: 'web', client_secret: 'web-secret-0123456789', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], redirect_uris: ['http://127.0.0.1:9/callback'], token_endpoint_auth_method: 'client_secret_basic' },
    ],
    pkce: { required: (ctx, client) => client.clientId !== 'web' },
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => OPAQUE_AUD,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, r) => ({
          scope: 'read', audience: r, accessTokenTTL: 3600,
          accessTokenFormat: r === JWT_AUD ? 'jwt' : 'opaque',
          ...(r === JWT_AUD ? { jwt: { sign: { alg: 'ES256' } } } : {}),
        }),
      },
    },
    ttl: { AccessToken: 3600, ClientCredentials: 3600, DeviceCode: 600, AuthorizationCode: 60, RefreshToken: 86400, Session: 86400, Grant: 86400, IdToken: 3600, Interaction: 3600 },
    rotateRefreshToken: true,
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
  provider.listen(PORT, '127.0.0.1', () => console.log(`ready pid=${process.pid} adapter=${ADAPTER} ms=${Date.now() - t0}`));
}

// --- adapters -----------------------------------------------------------
async function memory() {
  // the package's own memory adapter is an LRU of 1000 entries, which drops live
  // tokens under load; this one is an unbounded Map with expiry on read
  const m = new Map(); const uc = new Map(); const uid = new Map();
  const get = (k) => { const e = m.get(k); if (!e) return undefined; if (e.x && e.x < Date.now()) { m.delete(k); return undefined; } return e.p; };
  return class {
    constructor(name) { this.n = name; }
    k(id) { return `${this.n}:${id}`; }
    async upsert(id, p, ttl) {
      m.set(this.k(id), { p, x: ttl ? Date.now() + ttl * 1000 : 0 });
      if (p.userCode) uc.set(p.userCode, this.k(id));
      if (p.uid) uid.set(p.uid, this.k(id));
    }
    async find(id) { return get(this.k(id)); }
    async findByUserCode(c) { return get(uc.get(c)); }
    async findByUid(u) { return get(uid.get(u)); }
    async consume(id) { const p = get(this.k(id)); if (p) p.consumed = Math.floor(Date.now() / 1000); }
    async destroy(id) { m.delete(this.k(id)); }
    async revokeByGrantId(g) { for (const [k, e] of m) if (e.p.grantId === g) m.delete(k); }
  };
}

async function sqlite() {
  const { DatabaseSync } = await import('node:sqlite'); // Node 22.5 or later, nothing to compile
  const db = new DatabaseSync(process.env.SQLITE_FILE || 'op.sqlite');
  db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=${process.env.SQLITE_SYNC || 'FULL'}; PRAGMA busy_timeout=5000`);
  db.exec('CREATE TABLE IF NOT EXISTS a(n TEXT, id TEXT, p TEXT NOT NULL, x INTEGER, g TEXT, uc TEXT, uid TEXT, PRIMARY KEY(n,id)) WITHOUT ROWID;'
    + 'CREATE INDEX IF NOT EXISTS a_g ON a(g) WHERE g IS NOT NULL; CREATE INDEX IF NOT EXISTS a_uc ON a(uc) WHERE uc IS NOT NULL; CREATE INDEX IF NOT EXISTS a_uid ON a(uid) WHERE uid IS NOT NULL;');
  const up = db.prepare('INSERT INTO a VALUES(?,?,?,?,?,?,?) ON CONFLICT(n,id) DO UPDATE SET p=excluded.p,x=excluded.x,g=excluded.g,uc=excluded.uc,uid=excluded.uid');
  const one = (c) => db.prepare(`SELECT p FROM a WHERE n=? AND ${c}=? AND (x IS NULL OR x>?)`);
  const byId = one('id'); const byUc = one('uc'); const byUid = one('uid');
  const con = db.prepare("UPDATE a SET p=json_set(p,'$.consumed',?) WHERE n=? AND id=?");
  const del = db.prepare('DELETE FROM a WHERE n=? AND id=?'); const rev = db.prepare('DELETE FROM a WHERE g=?');
  const row = (r) => (r ? JSON.parse(r.p) : undefined);
  return class {
    constructor(n) { this.n = n; }
    async upsert(id, p, ttl) { up.run(this.n, id, JSON.stringify(p), ttl ? Date.now() + ttl * 1000 : null, p.grantId ?? null, p.userCode ?? null, p.uid ?? null); }
    async find(id) { return row(byId.get(this.n, id, Date.now())); }
    async findByUserCode(c) { return row(byUc.get(this.n, c, Date.now())); }
    async findByUid(u) { return row(byUid.get(this.n, u, Date.now())); }
    async consume(id) { con.run(Math.floor(Date.now() / 1000), this.n, id); }
    async destroy(id) { del.run(this.n, id); }
    async revokeByGrantId(g) { rev.run(g); }
  };
}

async function postgres() {
  const { default: pg } = await import('pg');
  // enough connections to keep one node process busy; every statement has a name, so it is prepared once per connection
  const pool = new pg.Pool({ connectionString: process.env.POSTGRES_URL, max: 16 });
  await pool.query('CREATE TABLE IF NOT EXISTS a(n text, id text, p jsonb NOT NULL, x bigint, g text, uc text, uid text, PRIMARY KEY(n,id));'
    + 'CREATE INDEX IF NOT EXISTS a_g ON a(g) WHERE g IS NOT NULL; CREATE INDEX IF NOT EXISTS a_uc ON a(uc) WHERE uc IS NOT NULL; CREATE INDEX IF NOT EXISTS a_uid ON a(uid) WHERE uid IS NOT NULL;');
  const run = (name, text, values) => pool.query({ name, text, values });
  const find = async (c, n, v) => (await run(`by_${c}`, `SELECT p FROM a WHERE n=$1 AND ${c}=$2 AND (x IS NULL OR x>$3)`, [n, v, Date.now()])).rows[0]?.p;
  return class {
    constructor(n) { this.n = n; }
    async upsert(id, p, ttl) {
      await run('up', 'INSERT INTO a VALUES($1,$2,$3,$4,$5,$6,$7) ON CONFLICT(n,id) DO UPDATE SET p=excluded.p,x=excluded.x,g=excluded.g,uc=excluded.uc,uid=excluded.uid',
        [this.n, id, JSON.stringify(p), ttl ? Date.now() + ttl * 1000 : null, p.grantId ?? null, p.userCode ?? null, p.uid ?? null]);
    }
    find(id) { return find('id', this.n, id); }
    findByUserCode(c) { return find('uc', this.n, c); }
    findByUid(u) { return find('uid', this.n, u); }
    async consume(id) { await run('consume', "UPDATE a SET p=jsonb_set(p,'{consumed}',to_jsonb($1::bigint)) WHERE n=$2 AND id=$3", [Math.floor(Date.now() / 1000), this.n, id]); }
    async destroy(id) { await run('destroy', 'DELETE FROM a WHERE n=$1 AND id=$2', [this.n, id]); }
    async revokeByGrantId(g) { await run('revoke', 'DELETE FROM a WHERE g=$1', [g]); }
  };
}
