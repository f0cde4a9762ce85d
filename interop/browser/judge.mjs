// The person's side of a running server, in a real Chromium.
//
// Spec: WCAG 2.2, RFC 8628 §3.3, RFC 9207, OpenID Connect Core §3.1.2; threats A17–A20, C1, C12, D4–D6
//
// PLACET_SHOTS names a folder for screenshots; without it they go to the work folder.

import { chromium } from 'playwright-core';
import { runCases } from '../lib/cases.mjs';
import { launch } from '../lib/chromium.mjs';
import { accountCases } from './account.mjs';
import { expiryCases } from './expiry.mjs';
import { flowCases } from './flows.mjs';
import { languageCases } from './language.mjs';
import { lookCases } from './look.mjs';
import { safetyCases } from './safety.mjs';
import { Stage } from './stage.mjs';
import { waitingCases } from './waiting.mjs';

const browser = await launch(chromium);
const stage = await Stage.start(browser);

await runCases({
  ...flowCases(stage),
  ...accountCases(stage),
  ...safetyCases(stage),
  ...languageCases(stage),
  ...expiryCases(browser),
  ...waitingCases(browser),
  ...lookCases(browser),
}, async () => {
  await browser.close();
  await stage.stop();
});
