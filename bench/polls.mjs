// Holds polls over TLS: node polls.mjs PORT COUNT WAIT_S CLIENT_ID, with the server on loopback and any certificate.
// Opens COUNT device requests and says `opened`; when a line comes, holds one poll for each on a connection of its own and
// says `held`; when another line comes, says how many were not answered, and ends.
import https from 'node:https';
import process from 'node:process';
import readline from 'node:readline';
import tls from 'node:tls';

const [port, count, wait, client] = process.argv.slice(2);
const place = { host: '127.0.0.1', port: Number(port), rejectUnauthorized: false };
const WORKERS = 8;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const agent = new https.Agent({ keepAlive: true, maxSockets: WORKERS });
const host = `127.0.0.1:${port}`;
const type = 'application/x-www-form-urlencoded';

function open() {
  return new Promise((resolve, reject) => {
    const body = new URLSearchParams({ client_id: client, scope: 'read' }).toString();
    const headers = { host, 'content-type': type, 'content-length': body.length };
    const request = https.request({ ...place, agent, method: 'POST', path: '/device_authorization', headers }, async (reply) => {
      let text = '';
      for await (const piece of reply) text += piece;
      const code = reply.statusCode === 200 && JSON.parse(text).device_code;
      if (code) resolve(code); else reject(new Error(`${reply.statusCode} ${text}`));
    });
    request.on('error', reject);
    request.end(body);
  });
}

let held = 0;
function hold(code) {
  return new Promise((resolve, reject) => {
    const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code, client_id: client }).toString();
    const socket = tls.connect(place, () => {
      socket.write(`POST /token HTTP/1.1\r\nhost: ${host}\r\nprefer: wait=${wait}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`, () => {
        held += 1;
        resolve();
      });
    });
    socket.on('error', reject);
    socket.once('data', () => { held -= 1; });
  });
}

async function all(things, work) {
  const left = [...things];
  const results = [];
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    while (left.length > 0) results.push(await work(left.pop()));
  }));
  return results;
}

const codes = await all(Array.from({ length: Number(count) }), open);
agent.destroy();
console.log('opened');
await lines.next();
await all(codes, hold);
console.log('held');
await lines.next();
console.log(`${held}`);
process.exit(0);
