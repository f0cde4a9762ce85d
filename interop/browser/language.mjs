// The languages of the pages: `ui_locales` first, then what the browser asks for, then the default.

import assert from 'node:assert/strict';
import { signIn } from '../lib/person.mjs';
import { ADA } from '../lib/server.mjs';

const WORDS = { en: ['Sign in', 'Approve'], de: ['Anmelden', 'Erlauben'], fr: ['Se connecter', 'Autoriser'] };

export function languageCases(stage) {
  const speaks = (browserLocale, ui_locales, expected) => () => stage.person({ locale: browserLocale }, async ({ page }) => {
    await page.goto(stage.authorization(ui_locales ? { ui_locales } : {}).url);
    const [enter, approve] = WORDS[expected];
    assert.equal(await page.getAttribute('html', 'lang'), expected);
    assert.equal((await page.textContent('#submit-login')).trim(), enter);
    await signIn(page, ADA);
    assert.equal(await page.getAttribute('html', 'lang'), expected, 'the language stays');
    assert.equal((await page.textContent('#approve')).trim(), approve);
  });

  return {
    'the browser asks for German': speaks('de-AT', undefined, 'de'),
    'the browser asks for French': speaks('fr-FR', undefined, 'fr'),
    'nobody speaks what the browser asks for': speaks('ja-JP', undefined, 'en'),
    'ui_locales wins over the browser': speaks('de-DE', 'fr', 'fr'),
    'ui_locales by region, and the first one there is': speaks('en-GB', 'tlh fr-CA de', 'fr'),
    'ui_locales that nobody speaks are passed over': speaks('de-DE', 'tlh', 'de'),
    'a device follows the browser': () => stage.person({ locale: 'fr-BE' }, async ({ page }) => {
      await page.goto(`${stage.server.issuer}/device`);
      assert.equal(await page.getAttribute('html', 'lang'), 'fr');
    }),
  };
}
