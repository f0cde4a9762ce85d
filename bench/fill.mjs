// Puts ROWS access tokens, and the event of each, into a store of Placet: node fill.mjs FILE ROWS
// The rows have the size of real ones, and keys that begin with the time of their making, as the server's do (ADR 0025): a
// thousand a millisecond, the day before. Nobody knows the tokens behind them.
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';

const [file, rows] = process.argv.slice(2);
const CHUNK = 100_000;
const HOUR_MS = 3_600_000;
const db = new DatabaseSync(file);
db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-100000');
const { issuer } = db.prepare('SELECT issuer FROM issuer LIMIT 1').get();
const now = Date.now();
const count = Number(rows);
const series = 'WITH RECURSIVE n(i) AS (SELECT CAST($from AS INTEGER) UNION ALL SELECT i+1 FROM n WHERE i+1 < $to)';
const access = db.prepare(`${series} INSERT INTO access (issuer, key, version, keep_until, body)
  SELECT $issuer, unhex(printf('%012x', CAST($at AS INTEGER) + i / 1000) || hex(randomblob(26))), 1, $until, $body FROM n`);
const event = db.prepare(`${series} INSERT INTO event (issuer, id, at, body)
  SELECT $issuer, unhex(printf('%012x', CAST($at AS INTEGER) + i / 1000) || hex(randomblob(10))), CAST($at AS INTEGER) + i / 1000, $body FROM n`);
const filler = (bytes) => JSON.stringify({ filler: 'x'.repeat(bytes) });
for (let from = 0; from < count; from += CHUNK) {
  const to = Math.min(from + CHUNK, count);
  db.exec('BEGIN');
  access.run({ $from: from, $to: to, $issuer: issuer, $at: now - 24 * HOUR_MS, $until: now + 1000 * HOUR_MS, $body: filler(360) });
  event.run({ $from: from, $to: to, $issuer: issuer, $at: now - 24 * HOUR_MS, $body: filler(230) });
  db.exec('COMMIT');
}
db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
db.close();
