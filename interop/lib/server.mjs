// Starts the real `placet serve` on a free loopback port with a settings file of its own, and stops it.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toml } from './toml.mjs';

const START_LIMIT_MS = 20_000;
// A graceful stop may take 10 s for what is in flight.
const STOP_LIMIT_MS = 12_000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** The server reads every `PLACET_` variable as a setting; those of the gate are none. */
function plainEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLACET_')));
}

/** A loopback port that nobody listens on. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** People that most tests use; their passwords are random words of this file alone. */
export const ADA = {
  username: 'ada',
  subject: 'person-7f3a',
  password: 'violet-anchor-93-tram',
  claims: {
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    email: 'ada@people.example',
    email_verified: true,
    phone_number: '+441234567890',
    address: { street_address: '12 St James’s Square', locality: 'London', country: 'GB' },
  },
};
export const BEN = { username: 'ben', subject: 'person-2c91', password: 'quiet-lantern-41-moss', claims: { name: 'Ben Okafor' } };

export class Server {
  /** Starts a server; `path` makes the issuer `http://127.0.0.1:PORT/path`. `files` are written beside the settings. */
  static async start({ path = '', files = {}, ...settings } = {}) {
    const port = await freePort();
    mkdirSync(process.env.PLACET_WORK ?? tmpdir(), { recursive: true });
    const folder = mkdtempSync(join(process.env.PLACET_WORK ?? tmpdir(), 'server-'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      // Some of them are secrets, which the server reads only where nobody else can.
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    }
    const config = join(folder, 'placet.toml');
    const { limits, ...rest } = settings;
    writeFileSync(config, toml({
      public_origin: `http://127.0.0.1:${port}${path}`,
      listen: `127.0.0.1:${port}`,
      development: true,
      database_url: `sqlite:${join(folder, 'placet.db')}`,
      limits: { requests_per_source_s: 0, poll_interval_s: 1, ...limits },
      people: [ADA, BEN],
      ...rest,
    }));
    const server = new Server();
    Object.assign(server, { origin: `http://127.0.0.1:${port}`, issuer: `http://127.0.0.1:${port}${path}`, log: join(folder, 'server.log') });
    const log = openSync(server.log, 'a');
    server.child = spawn(process.env.PLACET_BIN, ['serve', '--config', config], { cwd: folder, env: plainEnvironment(), stdio: ['ignore', log, log] });
    running.add(server.child);
    await server.#answers();
    return server;
  }

  async #answers() {
    let failure;
    this.child.once('error', (error) => { failure = error; });
    const until = Date.now() + START_LIMIT_MS;
    while (Date.now() < until && !failure && this.child.exitCode === null) {
      const reply = await fetch(`${this.issuer}/.well-known/openid-configuration`).catch(() => undefined);
      if (reply?.ok) {
        this.metadata = await reply.json();
        return;
      }
      await sleep(20);
    }
    const said = readFileSync(this.log, 'utf8').slice(-2000);
    await this.stop();
    throw new Error(`the server did not start: ${failure?.message ?? ''}\n${said}`);
  }

  /** Asks for a graceful end; one that does not listen is killed. */
  async stop() {
    const ended = new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) resolve();
      else this.child.once('exit', resolve);
    });
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
    running.delete(this.child);
  }
}
