// The person at Chromium: by way of the provider's page, and at the server's own pages, where money is shown as money.
//
// Spec: Open Payments 1.3; RFC 9635 §4; threats C12, G6, G7

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFinalizedGrantWithAccessToken } from '@interledger/open-payments';
import { seat } from '../lib/chromium.mjs';
import { answer, answerBesideAnother, goThrough, press, signIn, step } from '../lib/person.mjs';
import { ADA, BEN } from '../lib/server.mjs';
import { SHOP, refused } from './stage.mjs';

const shots = process.env.PLACET_SHOTS ?? join(process.env.PLACET_WORK ?? tmpdir(), 'shots');
const AMOUNT = { value: '123456', assetCode: 'EUR', assetScale: 2 };

export function browserCases(stage, own, browser) {
  const origins = (of) => [of.origin, of.server.origin, of.provider.origin, of.receiver.origin];

  async function person(of, run, options = {}) {
    const at = await seat(browser, { origins: origins(of), ...options });
    try {
      await run(at.page, at);
    } finally {
      await at.context.close();
    }
    assert.deepEqual(at.findings, []);
  }

  const limits = (of) => ({ receiver: `${of.wallet.origin}/incoming-payments/45a0d0ee`, interval: 'R12/2026-01-01T00:00:00Z/P1M', debitAmount: AMOUNT });

  async function collected(of, shop, grant) {
    const { url } = await of.receiver.next();
    const reference = of.checkHash(grant, url.searchParams);
    await of.pause();
    const given = await shop.client.grant.continue(grant.back, { interact_ref: reference });
    assert.ok(isFinalizedGrantWithAccessToken(given));
    assert.ok(await of.isActive(given.access_token));
    return given;
  }

  const looks = {};
  for (const [colorScheme, width] of [['light', 320], ['dark', 320], ['light', 1280], ['dark', 1280]]) {
    looks[`the consent page with its money, ${colorScheme}, ${width} px`] = () => person(own, async (page) => {
      const shop = await own.shop();
      const grant = await own.outgoing(shop, { limits: limits(own) });
      await page.goto(grant.interact.redirect);
      await signIn(page, ADA);
      assert.equal(await step(page), '#approve');
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `payment-${colorScheme}-${width}.png`), fullPage: true });
      const overflow = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `runs ${overflow} px out of the page`);
      const shown = (await page.textContent('main')).replaceAll(/\s+/g, ' ');
      for (const part of [SHOP, '1,234.56', 'EUR', new URL(own.wallet.origin).host]) assert.ok(shown.includes(part), `${part} in ${shown}`);
      await answer(page, 'approve');
      assert.equal(await step(page), '#client');
      await collected(own, shop, grant);
    }, { colorScheme, viewport: { width, height: 800 } });
  }

  return {
    async 'by way of the provider’s page: yes, and no'() {
      const shop = await stage.shop();
      await person(stage, async (page) => {
        const grant = await stage.outgoing(shop, { limits: limits(stage) });
        await page.goto(grant.interact.redirect);
        assert.equal(await page.textContent('#who'), SHOP);
        assert.deepEqual(JSON.parse(await page.textContent('#asked')), grant.access);
        await press(page, '#accept');
        assert.equal(await page.textContent('#client'), 'Back at the client.');
        await collected(stage, shop, grant);
        const other = await stage.outgoing(shop);
        await page.goto(other.interact.redirect);
        await press(page, '#reject');
        assert.equal((await stage.receiver.next()).url.searchParams.get('result'), 'grant_rejected');
      });
    },

    ...looks,

    async 'g6 what stands in the query of the start address is not what the person sees'() {
      await person(own, async (page) => {
        const grant = await own.outgoing(await own.shop());
        await page.goto(grant.interact.redirect.replaceAll(/client(Name|Uri)=[^&]*/g, 'client$1=Your+bank'));
        await signIn(page, ADA);
        const shown = await page.textContent('main');
        assert.ok(shown.includes(SHOP) && !shown.includes('Your bank'));
      });
    },

    async 'no at the server’s own page comes to the client, and without a finish to nobody'() {
      await person(own, async (page) => {
        const shop = await own.shop();
        const grant = await own.outgoing(shop);
        await page.goto(grant.interact.redirect);
        assert.equal((await goThrough(page, { person: ADA, decision: 'deny' })).at(-1), '#client');
        assert.equal((await own.receiver.next()).url.searchParams.get('result'), 'grant_rejected');
        await own.pause();
        await refused(shop.client.grant.continue(grant.back, { interact_ref: 'anything' }), 404, 'invalid_continuation');
        const polled = await own.outgoing(shop, { finish: false });
        await page.goto(polled.interact.redirect);
        assert.equal((await goThrough(page, { person: ADA })).at(-1), '#outcome');
        await own.pause();
        assert.ok(isFinalizedGrantWithAccessToken(await shop.client.grant.continue(polled.back)));
      });
    },

    async 'g7 only the browser that decided carries the reference'() {
      await person(own, async (page) => {
        const shop = await own.shop();
        const grant = await own.outgoing(shop);
        await person(own, (other) => answerBesideAnother(grant.interact.redirect, [page, ADA], [other, BEN]));
        await collected(own, shop, grant);
      });
    },
  };
}
