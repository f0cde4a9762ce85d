// The client's side of a redirect: a loopback listener that keeps what the browser brings.

import { createServer } from 'node:http';

const ARRIVAL_LIMIT_MS = 15_000;

/** `pages` are further pages of the client's site, by path. */
export class Receiver {
  static async start() {
    const receiver = new Receiver();
    receiver.arrived = [];
    receiver.waiting = [];
    receiver.pages = {};
    receiver.server = createServer((request, response) => receiver.#take(request, response));
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.origin = `http://127.0.0.1:${receiver.server.address().port}`;
    receiver.uri = `${receiver.origin}/callback`;
    return receiver;
  }

  async #take(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    const { pathname } = new URL(request.url, this.origin);
    response.end(this.pages[pathname] ?? '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Client</title><p id="client">Back at the client.</p></html>');
    const url = new URL(request.url, this.origin);
    if (url.pathname !== '/callback') return;
    const arrival = { method: request.method, url, headers: request.headers, body, form: new URLSearchParams(body) };
    const waiter = this.waiting.shift();
    if (waiter) waiter(arrival);
    else this.arrived.push(arrival);
  }

  /** The next arrival that nobody took yet. */
  next() {
    const there = this.arrived.shift();
    if (there) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(new Error('the browser did not come back to the client'));
      }, ARRIVAL_LIMIT_MS);
      const waiter = (arrival) => { clearTimeout(timer); resolve(arrival); };
      this.waiting.push(waiter);
    });
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
