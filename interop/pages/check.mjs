// Looks at every page of the gallery with a real Chromium: axe, both schemes, narrow and wide, keyboard, script off.
//
// usage: node check.mjs GALLERY [--shots DIRECTORY] [--only NAME]
// The gallery is written by `PLACET_GALLERY_DIR=GALLERY cargo test -p placet-web --test pages`.

import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { behaviours } from './behaviour.mjs';
import { serve } from './serve.mjs';

const [gallery, ...rest] = process.argv.slice(2);
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined);
const shots = option('--shots');
const only = option('--only');
if (!gallery || !existsSync(join(gallery, 'en'))) {
  console.error('usage: node check.mjs GALLERY [--shots DIRECTORY] [--only NAME]');
  process.exit(2);
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [320, 1280];
const SCHEMES = ['light', 'dark'];
const findings = [];
const found = (where, what) => findings.push(`${where}: ${what}`);

function browserPath() {
  const named = process.env.PLACET_CHROMIUM;
  const places = [named, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const path = places.find((place) => place && existsSync(place));
  if (!path) throw new Error('no Chromium found: install the Debian package `chromium`, or name one in PLACET_CHROMIUM');
  return path;
}

/** Runs axe with every rule it has; the script is injected past the policy of the page, which stays in force for the page. */
async function accessible(page, where, forced) {
  await page.evaluate(axe);
  const { violations, incomplete } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations', 'incomplete'] }));
  for (const { id, nodes } of violations) for (const node of nodes) found(where, `axe ${id}: ${node.html.slice(0, 120)}`);
  // In forced colours the person's own colours stand, which axe cannot weigh.
  const unsure = incomplete.filter(({ id }) => id === 'color-contrast' && forced === 'none');
  for (const { nodes } of unsure) for (const node of nodes) found(where, `axe is unsure of contrast: ${node.html.slice(0, 120)}`);
}

/** Every control is reached by Tab alone, in the order of the page, and shows that it has the focus. */
async function keyboard(page, where) {
  const expected = await page.evaluate(() => {
    const controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')];
    const seen = controls.filter((element) => element.checkVisibility() && !element.disabled);
    seen.forEach((element, index) => { element.dataset.order = String(index); });
    document.activeElement?.blur();
    return seen.map((element) => element.id || element.textContent.trim());
  });
  const reached = [];
  // One press more than controls: from the last one the focus leaves the page before it comes to the first.
  for (let press = 0; press <= expected.length; press += 1) {
    await page.keyboard.press('Tab');
    const { order, ring } = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return { order: element.dataset.order, ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
    });
    if (order === undefined) continue;
    reached.push(Number(order));
    if (!ring) found(where, `no focus ring on ${expected[order]}`);
  }
  // A page with autofocus starts in the middle: the order is right when it is a rotation of the page's.
  const start = reached[0] ?? 0;
  const rotated = expected.map((_, index) => (start + index) % expected.length);
  if (rotated.some((order, index) => order !== reached[index])) {
    found(where, `Tab reaches ${JSON.stringify(reached.map((order) => expected[order]))} of ${JSON.stringify(expected)}`);
  }
}

/** Targets are at least 24 by 24 px unless they stand in a sentence (WCAG 2.2 §2.5.8), and nothing runs out of the page. */
async function layout(page, where) {
  const { overflow, small } = await page.evaluate(() => {
    const targets = [...document.querySelectorAll('a[href], button, input:not([type=hidden])')].filter((e) => e.checkVisibility());
    const box = (element) => (element.closest('label') ?? element).getBoundingClientRect();
    return {
      overflow: document.scrollingElement.scrollWidth - innerWidth,
      small: targets.filter((e) => box(e).width < 24 || box(e).height < 24).map((e) => e.id || e.textContent.trim()),
    };
  });
  if (overflow > 0) found(where, `runs ${overflow} px out of the page`);
  for (const name of small) found(where, `target smaller than 24 px: ${name}`);
}

async function look(browser, origin, names, { language, scheme, width, theme = '', forced = 'none' }) {
  const context = await browser.newContext({ colorScheme: scheme, forcedColors: forced, reducedMotion: 'reduce', viewport: { width, height: 800 } });
  // The answer of a client that lives elsewhere: what is posted there is not our page.
  await context.route((url) => url.origin !== origin, (route) => route.abort());
  const page = await context.newPage();
  let where = '';
  page.on('console', (message) => {
    const aborted = message.text().includes('ERR_FAILED');
    if (message.type() === 'error' && !aborted) found(where, `console: ${message.text()}`);
  });
  page.on('pageerror', (error) => found(where, `script: ${error.message}`));
  page.on('request', (request) => {
    const outside = !request.url().startsWith(origin);
    if (outside && !where.includes('/form-post')) found(where, `asks ${request.url()}`);
  });
  for (const name of names) {
    where = `${theme}${language}/${name} ${scheme} ${width}${forced === 'active' ? ' forced colours' : ''}`;
    // The form that submits itself is judged as a person without script sees it.
    if (name === 'form-post') await page.route('**/assets/form-post-*', (route) => route.fulfill({ body: '', contentType: 'text/javascript' }));
    await page.goto(`${origin}/${theme}${language}/${name}.html`);
    await accessible(page, where, forced);
    await layout(page, where);
    if (shots) {
      mkdirSync(shots, { recursive: true });
      const file = `${theme.replace('/', '-')}${name}-${language}-${scheme}-${width}${forced === 'active' ? '-forced' : ''}.png`;
      await page.screenshot({ path: join(shots, file), fullPage: true });
    }
    await keyboard(page, where);
  }
  await context.close();
}

const all = readdirSync(join(gallery, 'en')).map((file) => file.replace('.html', ''));
const names = all.filter((name) => !only || name.includes(only));
const server = await serve(gallery);
const browser = await chromium.launch({
  executablePath: browserPath(),
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
let looked = 0;
try {
  const runs = [];
  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) runs.push({ language: 'en', scheme, width });
    runs.push({ language: 'en', scheme, width: 1280, theme: 'operator/' });
  }
  // Other languages are longer, so it is the narrow page that may break.
  runs.push({ language: 'de', scheme: 'light', width: 320 }, { language: 'fr', scheme: 'dark', width: 320 });
  runs.push({ language: 'en', scheme: 'dark', width: 1280, forced: 'active' });
  for (const run of runs) {
    await look(browser, server.origin, names, run);
    looked += names.length;
  }
  if (!only) await behaviours(browser, server, { found, accessible });
} finally {
  await browser.close();
  server.close();
}

for (const finding of [...new Set(findings)]) console.error(finding);
console.log(`${looked} views of ${names.length} pages: ${findings.length === 0 ? 'nothing found' : `${findings.length} findings`}`);
process.exitCode = findings.length === 0 && looked > 0 ? 0 : 1;
