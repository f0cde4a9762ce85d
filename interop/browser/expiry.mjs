// Requests whose time is over: the pages say so, and the way to start again is there.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { press, signIn, step } from '../lib/person.mjs';
import { ADA } from '../lib/server.mjs';
import { look } from './eye.mjs';
import { Stage } from './stage.mjs';

const LIFE_S = 5;

export function expiryCases(browser) {
  const withStage = (run) => async () => {
    const stage = await Stage.start(browser, { lifetimes: { interaction: LIFE_S, device_code: LIFE_S } });
    try {
      await run(stage);
    } finally {
      await stage.stop();
    }
  };
  const toConsent = async (page) => {
    for (let at = await step(page); at !== '#approve'; at = await step(page)) {
      if (at === '#login') await signIn(page, ADA);
      else await press(page, '#submit-code');
    }
  };

  return {
    'an expired authorization request leads back to the client': withStage((stage) => stage.person({ javaScriptEnabled: false }, async ({ page }) => {
      await page.goto(stage.authorization().url);
      await signIn(page, ADA);
      await page.waitForSelector('#approve');
      await sleep(LIFE_S * 1000);
      await press(page, '#approve');
      assert.equal(await page.getAttribute('#outcome', 'data-outcome'), 'expired');
      await press(page, '#continue');
      assert.equal(await step(page), '#client');
      assert.deepEqual(stage.receiver.arrived, [], 'no answer comes with it');
    })),

    'with script the page says so by itself': withStage((stage) => stage.person({}, async ({ page }) => {
      await page.goto(stage.authorization().url);
      await page.waitForSelector('#outcome[data-outcome="expired"]');
      await look(page, 'expired-live');
      await page.click('[data-reload]');
      await page.waitForSelector('#outcome[data-outcome="expired"]');
      await page.waitForSelector('#continue');
      await look(page, 'expired');
    })),

    'an expired device request asks for a new code': withStage((stage) => stage.person({ javaScriptEnabled: false }, async ({ page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      await toConsent(page);
      await sleep(LIFE_S * 1000);
      await page.check('#confirm-device');
      await press(page, '#approve');
      assert.equal(await page.getAttribute('#outcome', 'data-outcome'), 'expired');
      assert.equal((await stage.collect(begun)).error, 'expired_token');
      await press(page, 'main a.button');
      assert.equal(await step(page), '#user-code');
      // The old code does not come back to life.
      await page.fill('#user-code', begun.user_code);
      await press(page, '#submit-code');
      assert.equal(await page.locator('#approve').count(), 0);
      const fresh = await stage.device();
      await page.goto(fresh.verification_uri_complete);
      await toConsent(page);
    })),
  };
}
