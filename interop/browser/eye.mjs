// Looks at a page as it stands: axe with every rule, the width of the page, and a screenshot.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.PLACET_SHOTS ?? join(process.env.PLACET_WORK ?? tmpdir(), 'shots');
let count = 0;

/** axe finds nothing, nothing runs out of the page, and the page has a title and a language. */
export async function look(page, name) {
  count += 1;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}-${String(count).padStart(3, '0')}.png`), fullPage: true });
  // The script is injected past the policy of the page, which stays in force for the page itself.
  await page.evaluate(axe);
  const { violations, incomplete } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations', 'incomplete'] }));
  const unsure = incomplete.filter(({ id }) => id === 'color-contrast');
  const found = [...violations, ...unsure].flatMap(({ id, nodes }) => nodes.map(({ html }) => `${name}: ${id}: ${html.slice(0, 160)}`));
  assert.deepEqual(found, []);
  const overflow = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} runs ${overflow} px out of the page`);
  assert.ok((await page.title()).trim());
}
