// What a person does at the pages, known by their stable element ids alone.

import assert from 'node:assert/strict';

/** Presses something and waits for the page it leads to. */
export async function press(page, selector) {
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(selector)]);
}

export async function signIn(page, { username, password }) {
  await page.fill('#login', username);
  await page.fill('#password', password);
  await press(page, '#submit-login');
}

/**
 * Two people stand before one request, each at a browser of their own. The first says yes and is back at the client; the
 * other is told that it was answered, and finds no way there.
 */
export async function answerBesideAnother(uri, [page, person], [otherPage, other]) {
  await page.goto(uri);
  await signIn(page, person);
  await otherPage.goto(uri);
  await signIn(otherPage, other);
  await answer(page, 'approve');
  assert.equal(await step(page), '#client');
  await otherPage.reload();
  assert.equal(await otherPage.getAttribute('#outcome', 'data-outcome'), 'answered');
  assert.equal(await otherPage.locator(`a[href*="${new URL(page.url()).origin}"]`).count(), 0);
}

const MARKS = ['#error-code', '#outcome', '#login', '#user-code', '#approve', '#logout-yes', 'form #continue', '#client'];

/** The first mark on the page: which step the person is at. */
export async function step(page) {
  await page.waitForSelector(MARKS.join(', '), { state: 'attached' });
  for (const mark of MARKS) {
    // A page keeps the outcomes it may show later in templates, which no selector reaches.
    if (await page.locator(mark).count()) return mark;
  }
  throw new Error(`nothing known on ${page.url()}`);
}

export async function answer(page, decision) {
  const tick = page.locator('#confirm-device');
  if (decision === 'approve' && (await tick.count())) await tick.check();
  await press(page, `#${decision}`);
}

/**
 * Walks from where the page is to the end, whatever is asked: code, sign-in, consent. `see` is called at every step.
 * Answers the steps it came by; the last is `#outcome`, `#error-code`, or `#client` when the browser is back at the client.
 */
export async function goThrough(page, { person, userCode, decision = 'approve', scripted = true, see = async () => {} }) {
  const steps = [];
  for (let round = 0; round < 8; round += 1) {
    const at = await step(page);
    if (at !== steps.at(-1)) steps.push(at);
    await see(page, at);
    if (at === '#login') await signIn(page, person);
    else if (at === '#user-code') {
      if (userCode) await page.fill('#user-code', userCode);
      await press(page, '#submit-code');
    } else if (at === '#approve') await answer(page, decision);
    else if (at === 'form #continue') {
      if (scripted) await page.waitForSelector('#client');
      else await press(page, '#continue');
    } else return steps;
  }
  throw new Error(`no end after ${steps.join(', ')} at ${page.url()}`);
}
