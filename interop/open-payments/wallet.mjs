// A wallet: address documents, published keys, and a resource server that asks about every token it is shown.
//
// Spec: Open Payments 1.3 (wallet address, resource server)

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { mockIncomingPaymentWithPaymentMethods, mockOutgoingPayment, mockQuote } from '@interledger/open-payments';

const ASSET = { assetCode: 'EUR', assetScale: 2 };
const KINDS = { 'incoming-payments': 'incoming-payment', quotes: 'quote', 'outgoing-payments': 'outgoing-payment' };

export class Wallet {
  static async start() {
    const wallet = new Wallet();
    Object.assign(wallet, { addresses: {}, asked: [], served: [] });
    wallet.server = createServer((request, response) => wallet.#serve(request, response).catch((error) => response.writeHead(500).end(String(error))));
    await new Promise((resolve) => wallet.server.listen(0, '127.0.0.1', resolve));
    wallet.host = `127.0.0.1:${wallet.server.address().port}`;
    wallet.origin = `http://${wallet.host}`;
    return wallet;
  }

  /** An address with its keys; `publicName: null` for one without. Answers its URL. */
  open(name, { publicName = name, keys = [] } = {}) {
    this.addresses[name] = { publicName, keys };
    return `${this.origin}/${name}`;
  }

  /** A key is published from here on, or no more. */
  publish(address, keys) {
    this.addresses[address.split('/').at(-1)].keys = keys;
  }

  async #serve(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    const answer = (status, json) => response.writeHead(status, { 'content-type': 'application/json' }).end(json === undefined ? '' : JSON.stringify(json));
    const [name, part] = new URL(request.url, this.origin).pathname.slice(1).split('/');
    this.served.push(`${request.method} ${request.url}`);
    const known = this.addresses[name];
    // Whoever keeps keys all the same keeps them as briefly as it ever does.
    response.setHeader('cache-control', 'max-age=0');
    if (request.method === 'GET' && known && part === 'jwks.json') return answer(200, { keys: known.keys });
    if (request.method === 'GET' && known && part === undefined) {
      return answer(200, { id: `${this.origin}/${name}`, publicName: known.publicName ?? undefined, ...ASSET, authServer: this.authServer, resourceServer: this.origin });
    }
    if (request.method === 'POST' && KINDS[name]) return this.#create(KINDS[name], request, JSON.parse(body), answer);
    return answer(404);
  }

  async #create(type, request, { walletAddress, receiver }, answer) {
    const access_token = request.headers.authorization?.replace(/^GNAP /, '');
    const need = { type, actions: ['create'], ...(type === 'quote' ? {} : { identifier: walletAddress }) };
    const told = await this.introspect({ access_token, access: [need] });
    this.asked.push(told);
    if (!told.active) return answer(401, { error: { description: 'inactive token' } });
    if (told.access.length !== 1) return answer(403, { error: { description: 'insufficient grant' } });
    const id = `${this.origin}/${type}s/${randomUUID()}`;
    const made = { id, walletAddress };
    if (type === 'incoming-payment') return answer(201, mockIncomingPaymentWithPaymentMethods(made));
    if (type === 'quote') return answer(201, mockQuote({ ...made, receiver }));
    return answer(201, mockOutgoingPayment({ ...made, receiver: `${this.origin}/incoming-payments/paid` }));
  }

  /** One question at the listener of resource servers. */
  async introspect(question) {
    const reply = await fetch(this.introspection, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(question) });
    if (!reply.ok) throw new Error(`introspection said ${reply.status}: ${await reply.text()}`);
    return reply.json();
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
