// The identity provider of a wallet: asks what is wanted, shows it, and says what the person decided.
//
// Spec: Open Payments, identity provider (interaction endpoints of the authorization server)

import { createServer } from 'node:http';

export const SECRET = 'the-wallet-keeps-this-for-its-people-5d1c';

const page = (inner) => `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Wallet</title>${inner}</html>`;
const escape = (text) => text.replaceAll(/[&<>"]/g, (each) => `&#${each.codePointAt(0)};`);

export class Provider {
  static async start() {
    const provider = new Provider();
    provider.server = createServer((request, response) => provider.#serve(request, response).catch((error) => response.writeHead(500).end(String(error))));
    await new Promise((resolve) => provider.server.listen(0, '127.0.0.1', resolve));
    provider.origin = `http://127.0.0.1:${provider.server.address().port}`;
    provider.consentUrl = `${provider.origin}/consent?theme=sea`;
    return provider;
  }

  /** What is asked by the interaction of a consent address. */
  details(at, secret = SECRET) {
    return this.#call('GET', at, '', secret);
  }

  /** Says what the person decided: `accept` or `reject`. */
  decide(at, choice, secret = SECRET) {
    return this.#call('POST', at, `/${choice}`, secret);
  }

  async #call(method, at, more, secret) {
    const headers = secret === null ? {} : { 'x-idp-secret': secret };
    const reply = await fetch(`${this.interactions}/grant/${at.get('interactId')}/${at.get('nonce')}${more}`, { method, headers });
    const text = await reply.text();
    const json = reply.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : undefined;
    return { status: reply.status, text, json, code: json?.error?.code, description: json?.error?.description };
  }

  /** Where the browser is sent when the person has decided. */
  finish(at) {
    return `${this.interactions}/interact/${at.get('interactId')}/${at.get('nonce')}/finish`;
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.origin);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (url.pathname === '/decide') {
      await this.decide(url.searchParams, url.searchParams.get('choice'));
      return response.writeHead(302, { location: this.finish(url.searchParams) }).end();
    }
    const { json } = await this.details(url.searchParams);
    const hidden = ['interactId', 'nonce'].map((name) => `<input type="hidden" name="${name}" value="${escape(url.searchParams.get(name))}">`).join('');
    const choices = ['accept', 'reject'].map((choice) => `<button id="${choice}" name="choice" value="${choice}">${choice}</button>`).join('');
    const asked = escape(JSON.stringify(json.access));
    return response.end(page(`<h1 id="who">${escape(url.searchParams.get('clientName'))}</h1><p id="asked">${asked}</p><form action="/decide">${hidden}${choices}</form>`));
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
