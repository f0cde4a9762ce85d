// A person at the keyboard: what Tab reaches, typed text, and keys that follow.

const LONGEST_TABULATION = 40;

export async function tabTo(page, selector) {
  for (let presses = 0; presses < LONGEST_TABULATION; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${selector}`);
}

export async function typeInto(page, selector, text) {
  await tabTo(page, selector);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

/** Presses a key and waits for the page it leads to. */
export const follow = (page, key) => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press(key)]);
