// What must not work: frames, other browsers, forged forms, guessing, hostile text.

import assert from 'node:assert/strict';
import { goThrough, press, signIn, step } from '../lib/person.mjs';
import { ADA, BEN, Server } from '../lib/server.mjs';
import { formOf, send } from './form.mjs';
import { Stage } from './stage.mjs';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const WRONG_CODE = 'BBBB-BBBB';

/** Runs nothing, and the letters that only look Latin are pointed out. */
const HOSTILE = '<script>window.hostile=1</script><img src=https://evil.example/x onerror=window.hostile=1> \u0420\u0430y\u0440al';
/** Characters that turn or hide; wherever text of a stranger is shown, each is shown as a mark. */
const INVISIBLE = ['\u202E', '\u200B', '\u2066'];

async function untouched(page) {
  assert.equal(await page.evaluate(() => window.hostile), undefined);
  assert.equal(await page.locator('img[src*="evil"], main script').count(), 0);
}

export function safetyCases(stage) {
  const { issuer } = stage.server;

  return {
    'a20 no page can be framed': () => stage.person({}, async ({ context, page, findings }) => {
      const { url } = stage.authorization();
      await page.goto(url);
      const signInPage = page.url();
      await signIn(page, ADA);
      const consent = page.url();
      for (const address of [signInPage, consent, `${issuer}/device`, `${issuer}/account`, `${issuer}/sign-in`, `${issuer}/sign-out`, `${issuer}/authorize?client_id=none`]) {
        const reply = await context.request.get(address);
        assert.match(reply.headers()['content-security-policy'], /frame-ancestors 'none'/, address);
        assert.equal(reply.headers()['x-frame-options'], 'DENY', address);
        assert.equal(reply.headers()['referrer-policy'], 'no-referrer', address);
        assert.match(reply.headers()['cache-control'], /no-store/, address);
        assert.doesNotMatch(reply.headers()['content-security-policy'], /unsafe/, address);
        stage.receiver.pages['/frame'] = `<!doctype html><title>Frame</title><iframe src="${address.replaceAll('&', '&amp;')}"></iframe>`;
        await page.goto(`${stage.receiver.origin}/frame`);
        await page.waitForTimeout(300);
        const [framed] = page.mainFrame().childFrames();
        assert.ok(!framed || framed.url().startsWith('chrome-error:'), `${address} shows in a frame`);
      }
      // Chromium says that it refused them; that is what was wanted.
      const refusals = findings.splice(0);
      assert.ok(refusals.every((finding) => /frame|Failed to load resource/i.test(finding)), refusals.join('\n'));
    }),

    'a17 a request can only be answered where it began': () => stage.person({}, async ({ page: attacker }) => {
      const { url } = stage.authorization();
      await attacker.goto(url);
      await stage.person({}, async ({ page: victim }) => {
        const reply = await victim.goto(attacker.url());
        assert.ok(reply.status() >= 400, `status ${reply.status()}`);
        assert.equal(await victim.locator('#approve, #login').count(), 0);
      });
      await signIn(attacker, ADA);
      const form = await formOf(attacker, '#approve');
      await stage.person({}, async ({ context }) => {
        const reply = await send(context, form);
        assert.ok(reply.status() >= 400);
        assert.equal(reply.headers().location, undefined);
      });
    }),

    'a forged or foreign form changes nothing': () => stage.person({}, async ({ context, page }) => {
      const begun = await stage.device();
      await page.goto(begun.verification_uri_complete);
      for (let at = await step(page); at !== '#approve'; at = await step(page)) {
        if (at === '#login') await signIn(page, ADA);
        else await press(page, '#submit-code');
      }
      const form = await formOf(page, '#approve');
      const fields = Object.fromEntries(form.fields);
      const forged = [
        { ...form, fields: { ...fields, csrf: 'x'.repeat(fields.csrf.length), confirm_device: 'yes' } },
        { ...form, fields: { ...fields, csrf: '', confirm_device: 'yes' } },
        { ...form, origin: 'https://evil.example', fields: { ...fields, confirm_device: 'yes' } },
        { ...form, fields: { ...fields, digest: 'x'.repeat(fields.digest.length), confirm_device: 'yes' } },
        // Without the tick nothing is approved, whatever the browser's own check says.
        { ...form, fields: Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'confirm_device')) },
      ];
      for (const [index, wrong] of forged.entries()) {
        const reply = await send(context, { ...wrong, fields: Object.entries(wrong.fields) });
        assert.ok(reply.status() < 500, `form ${index}: ${reply.status()}`);
        await stage.isPending(begun);
      }
      await page.reload();
      await goThrough(page, { person: ADA });
      assert.ok((await stage.collect(begun)).access_token, 'and the honest form still works');
    }),

    'd5 reading a link changes nothing': () => stage.person({}, async ({ page }) => {
      const begun = await stage.device();
      for (const [method, agent] of [['GET', 'Slackbot-LinkExpanding 1.0'], ['HEAD', 'curl/8'], ['GET', 'SafeLinks']]) {
        for (let visit = 0; visit < 10; visit += 1) await fetch(begun.verification_uri_complete, { method, headers: { 'user-agent': agent, purpose: 'prefetch' } });
      }
      await stage.isPending(begun);
      await page.goto(begun.verification_uri_complete);
      await goThrough(page, { person: ADA });
      assert.ok((await stage.collect(begun)).access_token);
    }),

    'd6 a second person with the same code is told it is in use': () => stage.person({}, async ({ page: honest }) => {
      const begun = await stage.device();
      await honest.goto(begun.verification_uri_complete);
      for (let at = await step(honest); at !== '#approve'; at = await step(honest)) {
        if (at === '#login') await signIn(honest, ADA);
        else await press(honest, '#submit-code');
      }
      await stage.person({}, async ({ page: other }) => {
        await other.goto(begun.verification_uri_complete);
        for (let round = 0; round < 3 && (await other.locator('#problem, #error-code, #outcome').count()) === 0; round += 1) {
          if ((await step(other)) === '#login') await signIn(other, BEN);
          else if ((await step(other)) === '#user-code') await press(other, '#submit-code');
        }
        assert.equal(await other.locator('#approve').count(), 0);
      });
      await goThrough(honest, { person: ADA });
      assert.ok((await stage.collect(begun)).access_token);
    }),

    'd1 d2 guessing stops the guesser, not the code': () => stage.person({}, async ({ page }) => {
      const begun = await stage.device();
      const problems = [];
      for (let guess = 0; guess < 7; guess += 1) {
        await page.goto(`${issuer}/device`);
        if ((await step(page)) === '#login') {
          await signIn(page, ADA);
          if ((await step(page)) !== '#user-code') await page.goto(`${issuer}/device`);
        }
        await page.fill('#user-code', guess < 6 ? WRONG_CODE : begun.user_code);
        await press(page, '#submit-code');
        problems.push((await page.locator('#problem').allTextContents()).join());
      }
      assert.ok(problems.every((problem) => problem.trim()), problems.join('|'));
      assert.notEqual(problems[0], problems.at(-1), 'the guesser is told to wait');
      await stage.person({}, async ({ page: honest }) => {
        await honest.goto(begun.verification_uri_complete);
        await goThrough(honest, { person: ADA });
      });
      assert.ok((await stage.collect(begun)).access_token);
    }),

    'a1 a wrong redirect is an error page, never a redirect': async () => {
      for (const change of [{ redirect_uri: `${stage.receiver.uri}/more` }, { redirect_uri: 'https://evil.example/' }, { client_id: 'nobody' }, { redirect_uri: `${stage.receiver.uri}?x=1` }]) {
        const reply = await fetch(stage.authorization(change).url, { redirect: 'manual' });
        assert.equal(reply.headers.get('location'), null);
        assert.ok(reply.status >= 400 && reply.status < 500);
        assert.match(await reply.text(), /id="error-code"/);
      }
    },

    'c12 hostile names are marked and run nothing': async () => {
      const own = await Stage.start(stage.browser, {
        scopes: [{ name: 'photos', description: HOSTILE }],
        resources: [{ id: 'urn:example:photos', name: HOSTILE }],
        people: [{ ...ADA, claims: { name: HOSTILE } }],
        clients: [{ client_id: 'tv', client_name: HOSTILE, grant_types: [DEVICE_CODE, 'refresh_token'] }],
      });
      try {
        await own.person({}, async ({ page }) => {
          const begun = await own.device('openid photos');
          const seen = [];
          const see = async (_, at) => {
            await untouched(page);
            if (['#login', '#approve'].includes(at)) seen.push({ marks: await page.locator('.marks li').count(), text: await page.textContent('main') });
          };
          await page.goto(begun.verification_uri_complete);
          await goThrough(page, { person: ADA, see });
          assert.ok(seen.length >= 2);
          await own.collect(begun);
          for (const { marks, text } of seen) assert.ok(marks > 0 && text.includes('<script>window.hostile'), text);
          await press(page, '#my-grants');
          await untouched(page);
          assert.ok((await page.locator('.marks li').count()) > 0);
        });
      } finally {
        await own.stop();
      }
    },

    'c12 names with invisible characters are refused at the start': async () => {
      for (const character of INVISIBLE) {
        const client = { client_id: 'tv', client_name: `Tele${character}vision`, grant_types: [DEVICE_CODE] };
        await assert.rejects(Server.start({ clients: [client] }), /client_name/);
      }
    },

    'h8 policy and terms are links that open beside the decision, and nothing of the client is loaded': () => stage.person({}, async ({ page }) => {
      await page.goto(stage.authorization().url);
      await signIn(page, ADA);
      for (const [id, href] of [['#privacy-policy', 'https://frame.example/privacy'], ['#terms', 'https://frame.example/terms']]) {
        const link = await page.$eval(id, (a) => ({ href: a.href, target: a.target, rel: a.rel, words: a.textContent }));
        assert.deepEqual({ ...link, words: undefined }, { href, target: '_blank', rel: 'noopener noreferrer', words: undefined });
        assert.match(link.words, /frame\.example.*new tab/);
      }
      assert.equal(await page.locator('main img').count(), 0);
    }),

    'c12 text from a link is marked too': () => stage.person({}, async ({ page }) => {
      const hostile = `${HOSTILE}${INVISIBLE.join('x')}`;
      const device = new URL(`${issuer}/device`);
      device.search = new URLSearchParams({ user_code: hostile });
      const clean = async (selector) => {
        await untouched(page);
        const shown = await page.inputValue(selector);
        assert.ok(INVISIBLE.every((character) => !shown.includes(character)), `${selector} shows ${JSON.stringify(shown)}`);
        assert.ok(!(await page.content()).includes(INVISIBLE[0]));
      };
      await page.goto(device.href);
      await clean('#user-code');
      await press(page, '#submit-code');
      await clean('#user-code');
      await page.goto(stage.authorization({ login_hint: hostile }).url);
      await untouched(page);
    }),
  };
}
