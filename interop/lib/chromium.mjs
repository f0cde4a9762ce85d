// A real Chromium for the person, and everything a page must not do while it is open.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

function executable() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  const places = ['chromium', 'chromium-browser'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = [process.env.PLACET_CHROMIUM, ...places].find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error('no Chromium found: install the Debian package `chromium`, or name one in PLACET_CHROMIUM');
  return found;
}

/** `chromium` is that of playwright-core; every launch has a fresh profile. */
export function launch(chromium) {
  return chromium.launch({ executablePath: executable(), headless: true, args: ARGUMENTS });
}

/**
 * A person at a browser of their own: `page`, `context`, and `findings`, what went wrong in any of its pages.
 * `origins` are the only places its pages may ask for anything.
 */
export async function seat(browser, { origins, ...options }) {
  const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB', ...options });
  context.setDefaultTimeout(10_000);
  const findings = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`policy violated: ${violatedDirective} by ${blockedURI}`);
    });
  });
  context.on('page', (page) => watch(page, origins, findings));
  return { context, page: await context.newPage(), findings, origins };
}

function watch(page, origins, findings) {
  const documents = new Set();
  page.on('console', (message) => {
    // An error page is an answer with an error status; Chromium reports that of the document itself.
    const ofDocument = message.text().startsWith('Failed to load resource') && documents.has(message.location().url);
    if (['error', 'warning'].includes(message.type()) && !ofDocument) findings.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => findings.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    findings.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (request.isNavigationRequest()) documents.add(request.url());
    const inside = origins.includes(url.origin) || url.protocol === 'data:';
    if (!inside) findings.push(`asks ${request.url()}`);
  });
  page.on('popup', (popup) => findings.push(`opens ${popup.url()}`));
}
