// Open Payments from outside: Interledger's clients as they are published, a wallet, its identity provider, and Chromium.
//
// Spec: Open Payments 1.3; RFC 9635; threats C13, G4 to G11, G15
//
// PLACET_SHOTS names a folder for screenshots; without it they go to the work folder.

import { chromium } from 'playwright-core';
import { runCases } from '../lib/cases.mjs';
import { launch } from '../lib/chromium.mjs';
import { browserCases } from './browser.mjs';
import { grantCases } from './grants.mjs';
import { interactionCases } from './interaction.mjs';
import { refusalCases } from './refusals.mjs';
import { Stage } from './stage.mjs';
import { tokenCases } from './tokens.mjs';

const browser = await launch(chromium);
const stage = await Stage.start();
const own = await Stage.start({ provided: false });

await runCases({
  ...grantCases(stage),
  ...tokenCases(stage),
  ...interactionCases(stage),
  ...browserCases(stage, own, browser),
  ...refusalCases(stage),
}, async () => {
  await browser.close();
  await Promise.all([stage.stop(), own.stop()]);
});
