// Sign-in, what I have allowed, and sign-out.

import assert from 'node:assert/strict';
import { goThrough, press, signIn, step } from '../lib/person.mjs';
import { ADA, BEN } from '../lib/server.mjs';
import { FRAME_NAME, TV_NAME } from './stage.mjs';

export function accountCases(stage) {
  const account = `${stage.server.issuer}/account`;
  const revoke = (name) => `button[aria-label*="${name}"]`;

  /** A device that BEN allowed in this browser; the browser is left on its outcome page. */
  async function allowedDevice(page) {
    const begun = await stage.device();
    await page.goto(begun.verification_uri_complete);
    await goThrough(page, { person: BEN });
    return stage.collect(begun);
  }

  return {
    'a wrong password and an unknown name look the same': () => stage.person({}, async ({ page }) => {
      const { url } = stage.authorization();
      const seen = [];
      for (const who of [{ username: ADA.username, password: 'wrong' }, { username: 'nobody-of-this-name', password: 'wrong' }]) {
        await page.goto(url);
        const [reply] = await Promise.all([
          page.waitForNavigation({ waitUntil: 'load' }), page.fill('#login', who.username).then(() => page.fill('#password', who.password)).then(() => page.click('#submit-login')),
        ]);
        assert.equal(await page.inputValue('#password'), '', 'a password is never sent back');
        seen.push({ status: reply.status(), problem: await page.textContent('#problem'), text: (await page.textContent('main')).replace(/\d+:\d\d/, '') });
      }
      assert.deepEqual(seen[0], seen[1]);
      assert.ok(seen[0].problem.trim());
      await signIn(page, ADA);
      assert.equal(await step(page), '#approve', 'and the right password goes on');
    }),

    'what I have allowed is listed, and revoking takes effect at once': () => stage.person({}, async ({ page }) => {
      const device = await allowedDevice(page);
      const { url, state, redeem } = stage.authorization();
      await page.goto(url);
      await goThrough(page, { person: BEN });
      const frame = await redeem((await stage.arrival(state)).brought.get('code'));
      assert.equal((await stage.introspect(frame.access_token)).active, true);

      await page.goto(account);
      const listed = await page.textContent('main');
      assert.ok(listed.includes(FRAME_NAME) && listed.includes(TV_NAME), listed);
      await press(page, revoke(FRAME_NAME));
      assert.deepEqual(await stage.introspect(frame.access_token), { status: 200, active: false });
      const refreshed = await stage.post('token_endpoint', { grant_type: 'refresh_token', refresh_token: frame.refresh_token }, true);
      assert.equal(refreshed.error, 'invalid_grant');
      // What was not revoked goes on.
      const renewed = await stage.post('token_endpoint', { grant_type: 'refresh_token', refresh_token: device.refresh_token, client_id: 'tv' });
      assert.ok(renewed.access_token);
      await page.reload();
      assert.equal(await page.locator(revoke(FRAME_NAME)).count(), 0);
      await press(page, revoke(TV_NAME));
      assert.equal((await stage.post('token_endpoint', { grant_type: 'refresh_token', refresh_token: renewed.refresh_token, client_id: 'tv' })).error, 'invalid_grant');
    }),

    'my-grants leads there from the end of a flow, without script': () => stage.person({ javaScriptEnabled: false }, async ({ page }) => {
      const tokens = await allowedDevice(page);
      await press(page, '#my-grants');
      assert.ok((await page.textContent('main')).includes(TV_NAME));
      await press(page, revoke(TV_NAME));
      assert.equal((await stage.post('token_endpoint', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'tv' })).error, 'invalid_grant');
    }),

    ...Object.fromEntries([true, false].map((javaScriptEnabled) => [
      `everything allowed ends at once, after asking, ${javaScriptEnabled ? 'with' : 'without'} script`,
      () => stage.person({ javaScriptEnabled }, async ({ page }) => {
        const device = await allowedDevice(page);
        const { url, state, redeem } = stage.authorization();
        await page.goto(url);
        await goThrough(page, { person: BEN });
        const frame = await redeem((await stage.arrival(state)).brought.get('code'));
        await page.goto(account);
        assert.equal(await page.locator('#revoke-all-yes').isVisible(), false, 'it asks first');
        await page.focus('#revoke-all');
        await page.keyboard.press('Enter');
        assert.equal(await page.locator('#revoke-all-yes').isVisible(), true);
        assert.equal((await stage.introspect(frame.access_token)).active, true, 'asking ends nothing');
        await press(page, '#revoke-all-yes');
        assert.equal(await page.locator('#revoke-all').count(), 0);
        assert.equal(await page.locator('[role=status]').count(), 1);
        assert.deepEqual(await stage.introspect(frame.access_token), { status: 200, active: false });
        for (const [client, token] of [['tv', device.refresh_token], ['frame', frame.refresh_token]]) {
          const refreshed = await stage.post('token_endpoint', { grant_type: 'refresh_token', refresh_token: token, ...(client === 'tv' ? { client_id: 'tv' } : {}) }, client === 'frame');
          assert.equal(refreshed.error, 'invalid_grant', client);
        }
      }),
    ])),

    'all other browsers can be signed out at once, and this one too': () => stage.person({}, async ({ page: first }) => {
      await first.goto(account);
      await signIn(first, BEN);
      await stage.person({ javaScriptEnabled: false }, async ({ page: second }) => {
        await second.goto(account);
        await signIn(second, BEN);
        const end = async (button) => {
          await second.click('#end-sessions');
          await press(second, button);
        };
        await end('#end-others-yes');
        assert.equal(await second.locator('#end-sessions').count(), 0, 'there is no other left');
        await first.reload();
        await signIn(first, BEN);
        await second.reload();
        await end('#end-all-yes');
        await second.goto(account);
        assert.equal(await step(second), '#login');
      });
      await first.reload();
      assert.equal(await step(first), '#login');
    }),

    'people see their own, and nothing of others': () => stage.person({}, async ({ page }) => {
      await page.goto(account);
      assert.equal(await step(page), '#login');
      await signIn(page, ADA);
      const text = await page.textContent('body');
      assert.ok(text.includes(ADA.claims.name) && !text.includes(BEN.claims.name));
    }),

    'signing out ends the session, and only by a press': () => stage.person({}, async ({ page }) => {
      await page.goto(account);
      await signIn(page, ADA);
      const signOut = `${stage.server.issuer}/sign-out`;
      await page.goto(signOut);
      await page.goto(account);
      assert.equal(await page.locator('#login').count(), 0, 'a link alone signs nobody out');
      await page.goto(signOut);
      await press(page, '#logout-yes');
      await page.goto(account);
      assert.equal(await step(page), '#login');
      const { url, state } = stage.authorization({ prompt: 'none' });
      await page.goto(url);
      assert.equal((await stage.arrival(state)).brought.get('error'), 'login_required');
      await page.goBack();
      assert.ok(!(await page.textContent('body')).includes(ADA.claims.name), 'back shows nothing of the person');
    }),

    'another browser can be signed out from here': () => stage.person({}, async ({ page: first }) => {
      await first.goto(account);
      await signIn(first, BEN);
      await stage.person({}, async ({ page: second }) => {
        await second.goto(account);
        await signIn(second, BEN);
        const others = second.locator('.sessions form button');
        while ((await others.count()) > 0) await Promise.all([second.waitForNavigation({ waitUntil: 'load' }), others.first().click()]);
        assert.equal(await second.locator('#login').count(), 0);
      });
      await first.reload();
      assert.equal(await step(first), '#login');
    }),
  };
}
