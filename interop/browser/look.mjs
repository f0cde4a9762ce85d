// Every live page as a person sees it: by day and night, narrow and wide, in the operator's look, and under a path.

import assert from 'node:assert/strict';
import { goThrough, press, signIn, step } from '../lib/person.mjs';
import { ADA, Server } from '../lib/server.mjs';
import { look } from './eye.mjs';
import { Stage } from './stage.mjs';

const OWN_CODE_ENTRY = `{% extends 'layout.html' %}
{% block title %}Own page{% endblock %}
{% block main %}
<h1 id="own-words">Type what the screen says</h1>
<form method="post" action="{{ page.action }}">
<input type="hidden" name="csrf" value="{{ page.csrf }}">
<label for="user-code">Code</label>
<input id="user-code" name="user_code" value="{{ page.user_code or '' }}" required>
<button id="submit-code" type="submit">Go</button>
</form>
{% endblock %}
`;
const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#703"/></svg>';

/** Goes by every page there is and looks at each. */
async function everyPage(stage, { page }, name) {
  const { issuer } = stage.server;
  const see = (at) => look(page, `${name}-${at}`);
  const seeStep = async (_, at) => see(at.replaceAll(/[^a-z]/g, ''));

  await page.goto(stage.authorization({ scope: 'openid profile photos photos.delete', resource: 'urn:example:photos' }).url);
  await page.fill('#login', ADA.username);
  await page.fill('#password', 'wrong');
  await press(page, '#submit-login');
  await see('login-refused');
  const { url, state, redeem } = stage.authorization({ scope: 'openid profile photos photos.delete', resource: 'urn:example:photos' });
  await page.goto(url);
  await goThrough(page, { person: ADA, see: async (_, at) => (at === '#client' ? undefined : seeStep(_, at)) });
  const { brought } = await stage.arrival(state);
  assert.ok((await redeem(brought.get('code'))).access_token);
  await page.goBack();
  await see('answered');

  for (const decision of ['approve', 'deny']) {
    const begun = await stage.device();
    await page.goto(`${issuer}/device`);
    await see('code-entry');
    await page.goto(begun.verification_uri_complete);
    await goThrough(page, { person: ADA, decision, see: seeStep });
    await page.goto(begun.verification_uri_complete);
    await press(page, '#submit-code');
    await see('code-again');
  }
  await page.goto(stage.authorization({ prompt: 'login' }).url);
  await see('sign-in-again');
  await page.goto(`${issuer}/authorize?client_id=nobody`);
  assert.equal(await step(page), '#error-code');
  await see('error');
  await page.goto(`${issuer}/account`);
  await see('grants');
  await stage.person({}, async ({ page: other }) => {
    await other.goto(`${issuer}/account`);
    await signIn(other, ADA);
    await page.reload();
    for (const asks of ['#revoke-all', '#end-sessions']) await page.click(asks);
    await see('grants-asked');
    await press(page, '#end-others-yes');
    await see('grants-others-ended');
    await page.click('#revoke-all');
    await press(page, '#revoke-all-yes');
    await see('grants-none-left');
  });
  await page.goto(`${issuer}/sign-out`);
  await see('sign-out');
  await press(page, '#logout-yes');
  await see('signed-out');
  await page.goto(`${issuer}/account`);
  await see('sign-in');
}

export function lookCases(browser) {
  const withStage = (settings, run) => async () => {
    const stage = await Stage.start(browser, settings);
    try {
      await run(stage);
    } finally {
      await stage.stop();
    }
  };
  const cases = {};
  for (const [colorScheme, width] of [['light', 320], ['dark', 320], ['light', 1280], ['dark', 1280]]) {
    cases[`every page, ${colorScheme}, ${width} px`] = withStage({}, (stage) => stage.person(
      { colorScheme, viewport: { width, height: 800 } }, (at) => everyPage(stage, at, `${colorScheme}-${width}`),
    ));
  }

  return {
    ...cases,

    'every page in the look of an operator': withStage(
      { theme: { name: 'Harbour House', accent: '#7a1f5c', accent_dark: '#f0a8d8', logo: 'logo.svg' }, files: { 'logo.svg': LOGO } },
      (stage) => stage.person({ colorScheme: 'light' }, async (at) => {
        await at.page.goto(stage.authorization().url);
        assert.equal((await at.page.textContent('header')).trim(), 'Harbour House');
        assert.match(await at.page.title(), /Harbour House/);
        const colour = await at.page.$eval('#submit-login', (button) => getComputedStyle(button).backgroundColor);
        assert.equal(colour, 'rgb(122, 31, 92)');
        assert.ok(await at.page.$eval('header img', (image) => image.complete && image.naturalWidth > 0), 'the logo is there');
        await everyPage(stage, at, 'operator');
      }),
    ),

    'a template replaced by a file': withStage(
      { theme: { templates: 'templates' }, files: { 'templates/code_entry.html': OWN_CODE_ENTRY } },
      (stage) => stage.person({}, async ({ page }) => {
        const begun = await stage.device();
        await page.goto(begun.verification_uri_complete);
        const seen = [];
        await goThrough(page, { person: ADA, see: async () => seen.push(...(await page.locator('#own-words').allTextContents())) });
        assert.deepEqual(seen, ['Type what the screen says']);
        assert.ok((await stage.collect(begun)).access_token);
      }),
    ),

    'a template that cannot be rendered stops the start': async () => {
      const start = Server.start({
        clients: [{ client_id: 'tv', grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] }],
        theme: { templates: 'templates' }, files: { 'templates/code_entry.html': '{% extends "layout.html" %}{% block main %}{{ page.no_such_field }}{% endblock %}' },
      });
      await assert.rejects(start, /code_entry\.html/);
    },

    'everything under a path': withStage({ path: '/login/house' }, async (stage) => {
      assert.ok(Object.entries(stage.server.metadata).filter(([name]) => name.endsWith('_endpoint')).every(([, url]) => url.startsWith(`${stage.server.issuer}/`)));
      const oauth = await fetch(`${stage.server.origin}/.well-known/oauth-authorization-server/login/house`);
      assert.equal((await oauth.json()).issuer, stage.server.issuer);
      for (const javaScriptEnabled of [true, false]) {
        await stage.person({ javaScriptEnabled }, async ({ page, context }) => {
          const strays = [];
          page.on('request', (request) => { if (request.url().startsWith(`${stage.server.origin}/`) && !request.url().startsWith(`${stage.server.issuer}/`)) strays.push(request.url()); });
          const begun = await stage.device();
          await page.goto(begun.verification_uri);
          await goThrough(page, { person: ADA, userCode: begun.user_code });
          assert.ok((await stage.collect(begun)).access_token);
          const { url, state, redeem } = stage.authorization({ response_mode: 'form_post' });
          await page.goto(url);
          await goThrough(page, { person: ADA, scripted: javaScriptEnabled });
          const tokens = await redeem((await stage.arrival(state)).brought.get('code'));
          assert.equal((await stage.introspect(tokens.access_token)).active, true);
          await page.goto(begun.verification_uri);
          await press(page, '#my-grants');
          assert.ok((await page.locator('.client form button').count()) >= 2);
          const cookies = await context.cookies();
          assert.ok(cookies.length > 0);
          for (const { name, httpOnly, sameSite } of cookies) assert.ok(httpOnly && sameSite === 'Lax', name);
          await page.goto(`${stage.server.issuer}/sign-out`);
          await press(page, '#logout-yes');
          await page.goto(`${stage.server.issuer}/account`);
          await signIn(page, ADA);
          assert.deepEqual(strays, []);
        });
      }
    }),
  };
}
