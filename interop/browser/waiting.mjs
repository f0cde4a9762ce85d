// 'Waiting for your answer': a client without a browser lays a request before a person, who finds it on their own page.
//
// Spec: RFC 9635 §2.4, §2.5.1, §5.2; ADR 0024; WCAG 2.2 §2.1.1

import assert from 'node:assert/strict';
import { answer, press, signIn, step } from '../lib/person.mjs';
import { ADA, BEN } from '../lib/server.mjs';
import { Asker, CLOCK_NAME } from './asker.mjs';
import { look } from './eye.mjs';
import { follow, tabTo, typeInto } from './keyboard.mjs';
import { Stage } from './stage.mjs';

const OPEN = '#waiting a.button';

export function waitingCases(browser) {
  /** A server that speaks GNAP, and what one client laid before Ada there. */
  const laid = (options, run) => async () => {
    const stage = await Stage.start(browser, { gnap: { enabled: true } });
    try {
      const clock = new Asker(`${stage.server.issuer}/gnap`);
      const waiting = await clock.lay(ADA);
      await stage.person(options, (at) => run({ ...at, stage, clock, waiting, account: `${stage.server.issuer}/account` }));
    } finally {
      await stage.stop();
    }
  };
  const outcome = (page) => page.getAttribute('#outcome', 'data-outcome');
  const cases = {};

  for (const javaScriptEnabled of [true, false]) {
    const script = javaScriptEnabled ? 'with script' : 'without script';
    cases[`a request without a browser is found, answered and collected ${script}`] = laid({ javaScriptEnabled }, async ({ page, account, clock, waiting }) => {
      await page.goto(account);
      await signIn(page, ADA);
      const shown = await page.textContent('#waiting');
      assert.ok(shown.includes(CLOCK_NAME), shown);
      await press(page, OPEN);
      assert.equal(await step(page), '#approve');
      assert.ok((await page.textContent('main')).includes('calendar-api'));
      await answer(page, 'approve');
      assert.equal(await outcome(page), 'approved');
      const given = await clock.comeBack(waiting);
      assert.ok(given.access_token?.value, JSON.stringify(given));
      await press(page, '#my-grants');
      assert.equal(await page.locator('#waiting').count(), 0, 'it waits no longer');
      const listed = await page.textContent('main');
      assert.ok(listed.includes('calendar-api'), `what was allowed is listed: ${listed}`);
    });
  }

  for (const [colorScheme, width] of [['light', 320], ['dark', 320], ['light', 1280], ['dark', 1280]]) {
    cases[`what waits, ${colorScheme}, ${width} px`] = laid({ colorScheme, viewport: { width, height: 800 } }, async ({ page, account, stage }) => {
      await new Asker(`${stage.server.issuer}/gnap`).lay(ADA);
      await page.goto(account);
      await signIn(page, ADA);
      assert.equal(await page.locator(OPEN).count(), 2);
      await look(page, `${colorScheme}-${width}-waiting`);
      await press(page, OPEN);
      await look(page, `${colorScheme}-${width}-waiting-asked`);
      await answer(page, 'approve');
      await look(page, `${colorScheme}-${width}-waiting-approved`);
    });
  }

  return {
    ...cases,

    'a request without a browser is answered by keyboard alone': laid({}, async ({ page, account, clock, waiting }) => {
      await page.goto(account);
      await typeInto(page, '#login', ADA.username);
      await typeInto(page, '#password', ADA.password);
      await follow(page, 'Enter');
      await tabTo(page, OPEN);
      await follow(page, 'Enter');
      await tabTo(page, '#approve');
      await follow(page, 'Space');
      assert.equal(await outcome(page), 'approved');
      assert.ok((await clock.comeBack(waiting)).access_token?.value);
    }),

    'a request without a browser is nobody else’s, and a no ends it': laid({}, async ({ page, account, clock, waiting, stage }) => {
      await page.goto(account);
      await signIn(page, ADA);
      await press(page, OPEN);
      await stage.person({}, async ({ page: other }) => {
        await other.goto(account);
        await signIn(other, BEN);
        assert.equal(await other.locator('#waiting').count(), 0);
        await other.goto(page.url());
        assert.equal(await other.locator('#approve').count(), 0, 'the address alone opens nothing');
      });
      await answer(page, 'deny');
      assert.equal(await outcome(page), 'denied');
      const told = await clock.comeBack(waiting);
      assert.deepEqual([told.status, told.error?.code, told.continue], [403, 'user_denied', undefined]);
    }),
  };
}
