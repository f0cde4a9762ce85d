// Whole flows: script on and off, by keyboard alone, in two tabs, twice, backwards, denied.

import assert from 'node:assert/strict';
import { answer, goThrough, press, signIn, step } from '../lib/person.mjs';
import { ADA, BEN } from '../lib/server.mjs';
import { formOf, send } from './form.mjs';
import { follow, tabTo, typeInto } from './keyboard.mjs';
import { TV_NAME } from './stage.mjs';

const outcome = (page) => page.getAttribute('#outcome', 'data-outcome');

/** Reaches a control by Tab alone. */
export function flowCases(stage) {
  const cases = {};

  for (const javaScriptEnabled of [true, false]) {
    const script = javaScriptEnabled ? 'with script' : 'without script';
    const options = { javaScriptEnabled };

    cases[`device flow ${script}`] = () => stage.person(options, async ({ page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri);
      const steps = await goThrough(page, { person: ADA, userCode: begun.user_code });
      assert.deepEqual([...steps].sort(), ['#approve', '#login', '#outcome', '#user-code']);
      assert.equal(await outcome(page), 'approved');
      assert.ok((await stage.collect(begun)).access_token);
    });

    cases[`a prefilled code is shown and has to be sent ${script}`] = () => stage.person(options, async ({ page }) => {
      const begun = await stage.device();
      for (let visit = 0; visit < 3; visit += 1) await page.goto(begun.verification_uri_complete);
      await stage.isPending(begun);
      let seen = '';
      const see = async (_, at) => {
        if (at === '#user-code') seen = await page.inputValue('#user-code');
        if (at === '#approve') assert.ok((await page.textContent('main')).includes(begun.user_code), 'the consent page shows the code');
      };
      await goThrough(page, { person: ADA, see });
      assert.equal(seen, begun.user_code);
      assert.ok((await stage.collect(begun)).access_token);
    });

    cases[`code flow ${script}`] = () => stage.person(options, async ({ page }) => {
      const { url, state, redeem } = stage.authorization();
      await page.goto(url);
      assert.deepEqual(await goThrough(page, { person: ADA }), ['#login', '#approve', '#client']);
      const { brought } = await stage.arrival(state);
      assert.ok((await redeem(brought.get('code'))).access_token);
    });

    cases[`code flow by form_post ${script}`] = () => stage.person(options, async ({ page }) => {
      const { url, state, redeem } = stage.authorization({ response_mode: 'form_post' });
      await page.goto(url);
      await goThrough(page, { person: ADA, scripted: javaScriptEnabled });
      const { method, brought } = await stage.arrival(state);
      assert.equal(method, 'POST');
      assert.ok((await redeem(brought.get('code'))).access_token);
    });

    cases[`denying a device needs no tick ${script}`] = () => stage.person(options, async ({ page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      await goThrough(page, { person: ADA, decision: 'deny' });
      assert.equal(await outcome(page), 'denied');
      assert.equal((await stage.collect(begun)).error, 'access_denied');
    });

    cases[`a denied client is told so ${script}`] = () => stage.person(options, async ({ page }) => {
      const { url, state } = stage.authorization();
      await page.goto(url);
      await goThrough(page, { person: ADA, decision: 'deny' });
      const { brought } = await stage.arrival(state);
      assert.equal(brought.get('error'), 'access_denied');
      assert.equal(brought.get('code'), null);
    });
  }

  return {
    ...cases,

    'device flow by keyboard alone': () => stage.person({}, async ({ page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri);
      for (let at = await step(page); at !== '#outcome'; at = await step(page)) {
        if (at === '#user-code') {
          await typeInto(page, '#user-code', begun.user_code);
          await follow(page, 'Enter');
        } else if (at === '#login') {
          await typeInto(page, '#login', ADA.username);
          await typeInto(page, '#password', ADA.password);
          await follow(page, 'Enter');
        } else {
          await tabTo(page, '#confirm-device');
          await page.keyboard.press('Space');
          await tabTo(page, '#approve');
          await follow(page, 'Space');
        }
      }
      assert.equal(await outcome(page), 'approved');
      assert.ok((await stage.collect(begun)).access_token);
    }),

    'two tabs of one browser do not disturb each other': () => stage.person({}, async ({ context, page: first }) => {
      const second = await context.newPage();
      const [one, two] = [stage.authorization(), stage.authorization()];
      const device = await stage.device();
      await first.goto(one.url);
      await second.goto(two.url);
      const third = await context.newPage();
      await third.goto(device.verification_uri_complete);
      // Both stand before the sign-in; the first one's sign-in must not break the second one's form.
      await signIn(first, ADA);
      assert.equal(await step(first), '#approve');
      await signIn(second, ADA);
      assert.equal(await step(second), '#approve');
      await goThrough(third, { person: ADA });
      await answer(second, 'approve');
      const fromSecond = await stage.arrival(two.state);
      await answer(first, 'approve');
      const fromFirst = await stage.arrival(one.state);
      assert.ok((await one.redeem(fromFirst.brought.get('code'))).access_token);
      assert.ok((await two.redeem(fromSecond.brought.get('code'))).access_token);
      assert.ok((await stage.collect(device)).access_token);
    }),

    'c1 an answer sent twice has one result': () => stage.person({}, async ({ context, page }) => {
      const { url, state, redeem } = stage.authorization();
      await page.goto(url);
      await signIn(page, ADA);
      const form = await formOf(page, '#approve');
      const replies = await Promise.all([1, 2, 3].map(() => send(context, form)));
      const places = replies.map((reply) => reply.headers().location);
      assert.deepEqual(replies.map((reply) => reply.status()), [303, 303, 303]);
      // The second is either the same redirect, or the page that leads to it.
      const codes = [];
      for (const place of places) {
        const target = new URL(place, page.url());
        if (target.origin === stage.receiver.origin) {
          assert.equal(target.searchParams.get('state'), state);
          codes.push(target.searchParams.get('code'));
        }
      }
      assert.ok(codes.length >= 1 && new Set(codes).size === 1, `codes ${codes.length}, places ${places.length}`);
      assert.ok((await redeem(codes[0])).access_token);
    }),

    'c1 two presses and a contrary answer change nothing': () => stage.person({ javaScriptEnabled: false }, async ({ context, page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      await goThrough(page, {
        person: ADA,
        see: async (_, at) => {
          if (at === '#approve') page.contrary = { ...(await formOf(page, '#deny')) };
        },
      });
      assert.equal(await outcome(page), 'approved');
      const contrary = await send(context, page.contrary);
      assert.ok(contrary.status() < 500);
      await page.reload();
      assert.ok(['approved', 'answered'].includes(await outcome(page)));
      assert.ok((await stage.collect(begun)).access_token);
    }),

    'back is harmless after a device was answered': () => stage.person({}, async ({ page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      await goThrough(page, { person: ADA });
      await page.goBack();
      const at = await step(page);
      if (at === '#approve') await answer(page, 'deny');
      if (at === '#user-code') await press(page, '#submit-code');
      assert.notEqual(await step(page), '#error-code');
      await page.goForward().catch(() => {});
      assert.ok((await stage.collect(begun)).access_token);
    }),

    'back is harmless after the browser went to the client': () => stage.person({}, async ({ page }) => {
      const { url, state, redeem } = stage.authorization();
      await page.goto(url);
      await goThrough(page, { person: ADA });
      const { brought } = await stage.arrival(state);
      await page.goBack();
      const at = await step(page);
      assert.notEqual(at, '#error-code');
      assert.notEqual(at, '#approve', 'an answered request is not asked again');
      assert.ok((await redeem(brought.get('code'))).access_token);
    }),

    'not you: another person signs in and answers': () => stage.person({}, async ({ page }) => {
      const { url, state, redeem } = stage.authorization({ scope: 'openid photos profile' });
      await page.goto(url);
      await signIn(page, BEN);
      await press(page, 'button[form="switch"]');
      assert.deepEqual(await goThrough(page, { person: ADA }), ['#login', '#approve', '#client']);
      const { brought } = await stage.arrival(state);
      const { access_token } = await redeem(brought.get('code'));
      assert.equal((await stage.introspect(access_token)).sub, ADA.subject);
    }),

    'not you on a device request: another person compares the code and answers': () => stage.person({}, async ({ page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      await press(page, '#submit-code');
      await signIn(page, BEN);
      assert.ok((await page.textContent('.person')).includes(BEN.claims.name));
      // The box of the device stays unticked for whoever comes next, and is no reason to stay.
      await page.check('#confirm-device');
      await press(page, 'button[form="switch"]');
      await stage.isPending(begun);
      assert.equal(await step(page), '#login');
      assert.equal(await page.inputValue('#login'), '', 'the name of the one who left is not proposed');
      await signIn(page, ADA);
      assert.equal(await step(page), '#approve', 'no second code is asked for');
      assert.ok((await page.textContent('#shown-code')).includes(begun.user_code));
      assert.ok((await page.textContent('.person')).includes(ADA.claims.name));
      assert.equal(await page.isChecked('#confirm-device'), false);
      await answer(page, 'approve');
      assert.ok((await stage.collect(begun)).access_token);
      await page.goto(`${stage.server.issuer}/account`);
      assert.ok((await page.textContent('main')).includes(TV_NAME), 'the one who answered has allowed it');
    }),

    'what the person unticks is not granted': () => stage.person({}, async ({ page }) => {
      const { url, state, redeem } = stage.authorization({ scope: 'openid photos photos.delete' });
      await page.goto(url);
      await signIn(page, ADA);
      await page.uncheck('input[name="scope"][value="photos.delete"]');
      await answer(page, 'approve');
      const { brought } = await stage.arrival(state);
      const tokens = await redeem(brought.get('code'));
      assert.deepEqual(tokens.scope.split(' ').sort(), ['openid', 'photos']);
    }),

    'with script, another tab follows what happened': () => stage.person({}, async ({ context, page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      await goThrough(page, { person: ADA, see: async (_, at) => { if (at === '#approve') page.asked = page.url(); } });
      assert.ok(page.asked);
      const fresh = await stage.device();
      await page.goto(fresh.verification_uri_complete);
      for (let at = await step(page); at !== '#approve'; at = await step(page)) await press(page, at === '#login' ? '#submit-login' : '#submit-code');
      const other = await context.newPage();
      await other.goto(page.url());
      assert.equal(await step(other), '#approve');
      await answer(other, 'deny');
      await page.waitForSelector('#outcome[data-outcome="denied"], #outcome[data-outcome="answered"]');
      assert.ok((await page.textContent('#outcome')).includes(TV_NAME));
    }),
  };
}
