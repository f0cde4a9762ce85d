// What the pages do when a person uses them, with and without script.

/** Runs each case in a fresh context; a case that throws or returns false is a finding. */
export async function behaviours(browser, server, { found, accessible }) {
  for (const javaScriptEnabled of [true, false]) {
    for (const [name, run] of Object.entries({ ...ALWAYS, ...(javaScriptEnabled ? SCRIPTED : UNSCRIPTED) })) {
      const where = `${name} (script ${javaScriptEnabled ? 'on' : 'off'})`;
      const context = await browser.newContext({ javaScriptEnabled, reducedMotion: 'reduce' });
      context.setDefaultTimeout(8000);
      server.posts.length = 0;
      server.setState('waiting');
      try {
        const page = await context.newPage();
        const open = (path) => page.goto(`${server.origin}/en/${path}.html`);
        const problem = await run({ page, open, server, context, judge: () => accessible(page, where, 'none') });
        if (problem) found(where, problem);
      } catch (error) {
        found(where, error.message.split('\n')[0]);
      }
      await context.close();
    }
  }
}

const field = (server, name) => server.posts.at(-1)?.body.get(name);
const expect = (holds, problem) => (holds ? undefined : problem);

const ALWAYS = {
  async 'signing in posts name, password and csrf'({ page, open, server }) {
    await open('sign-in-asked');
    await page.fill('#login', 'ada');
    await page.fill('#password', 'secret');
    await page.press('#password', 'Enter');
    await page.waitForSelector('#posted');
    return expect(field(server, 'login') === 'ada' && field(server, 'password') === 'secret' && field(server, 'csrf'), 'fields are missing');
  },
  async 'cancel posts no password'({ page, open, server }) {
    await open('sign-in-asked');
    await page.fill('#password', 'secret');
    await page.click('#cancel');
    await page.waitForSelector('#posted');
    return expect(server.posts.at(-1).pathname === '/cancel' && field(server, 'password') === null, 'wrong form');
  },
  async 'approving a device needs the tick'({ page, open, server }) {
    await open('consent-device');
    await page.click('#approve');
    await page.waitForTimeout(300);
    if (server.posts.length > 0) return 'approved without the tick';
    await page.check('#confirm-device');
    await page.click('#approve');
    await page.waitForSelector('#posted');
    const sent = ['decision', 'confirm_device', 'digest', 'csrf'].map((name) => field(server, name));
    return expect(sent[0] === 'approve' && sent[1] === 'yes' && sent[2] && sent[3], `sent ${sent}`);
  },
  async 'denying a device needs no tick'({ page, open, server }) {
    await open('consent-device');
    await page.click('#deny');
    await page.waitForSelector('#posted');
    return expect(field(server, 'decision') === 'deny' && field(server, 'confirm_device') === null, 'wrong answer');
  },
  async 'optional scopes follow their boxes'({ page, open, server }) {
    await open('consent-choice');
    await page.uncheck('input[value="photos.write"]');
    await page.check('input[value="photos.delete"]');
    await page.click('#approve');
    await page.waitForSelector('#posted');
    const scopes = server.posts.at(-1).body.getAll('scope');
    return expect(scopes.join() === 'photos.delete', `sent ${scopes}`);
  },
  async 'optional asks follow their boxes, and the rest has none'({ page, open, server }) {
    await open('consent-payment-choice');
    if ((await page.locator('input[name="ask"]').count()) !== 2) return 'the wrong number of boxes';
    await page.uncheck('input[value="history"]');
    // The words beside a box are part of it.
    await page.click('label:has(input[value="incoming"]) span');
    await page.click('#approve');
    await page.waitForSelector('#posted');
    const asks = server.posts.at(-1).body.getAll('ask');
    return expect(asks.join() === 'incoming', `sent ${asks}`);
  },
  async 'nothing on a page is larger than the amount, and who gets it stands beside it'({ page, open }) {
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const name of ['consent-payment', 'consent-payment-device', 'consent-payment-open', 'consent-payment-extremes', 'consent-change']) {
        await open(name);
        const { amounts, others, beside, broken } = await page.evaluate(() => {
          const size = (element) => parseFloat(getComputedStyle(element).fontSize);
          const amounts = [...document.querySelectorAll('.ask-body .figure')];
          const others = [...document.querySelectorAll('main *')].filter((element) => element.checkVisibility() && element.textContent.trim() && !element.closest('.figure'));
          const lines = document.createRange();
          const within = amounts.flatMap((amount) => [...amount.querySelectorAll('.number')]);
          return {
            amounts: amounts.map(size),
            others: Math.max(...others.map(size)),
            beside: [...document.querySelectorAll('.ask-body .sum:has(.amount):has(.receiver)')].every((sum) => {
              const [amount, receiver] = ['.amount', '.receiver'].map((part) => sum.querySelector(part).getBoundingClientRect());
              return receiver.left >= amount.right || receiver.top - amount.bottom < 32;
            }),
            // A piece between two marks stands on one line.
            broken: within.flatMap((number) => [...number.childNodes].filter((node) => {
              if (node.nodeType !== Node.TEXT_NODE) return false;
              lines.selectNodeContents(node);
              return new Set([...lines.getClientRects()].map((box) => Math.round(box.top))).size > 1;
            })).map((node) => node.data),
          };
        });
        if (amounts.length === 0) return `${name}: no amount`;
        if (Math.max(...amounts) <= others) return `${name} at ${width}: ${amounts} px beside ${others} px`;
        if (!beside) return `${name} at ${width}: the receiver is far from the amount`;
        if (broken.length > 0) return `${name} at ${width}: broken inside ${broken}`;
      }
    }
    return undefined;
  },
  async 'a change is marked in words, not by colour alone'({ page, open }) {
    await open('consent-change');
    const said = await page.locator('.ask .badge').allTextContents();
    const struck = await page.$eval('.before del', (element) => getComputedStyle(element).textDecorationLine);
    const words = said.map((text) => text.trim()).join();
    return expect(words === 'Changed,New,No longer asked for,As before' && struck.includes('line-through'), `${words} ${struck}`);
  },
  async 'not you posts the other form'({ page, open, server }) {
    for (const name of ['consent', 'consent-device', 'consent-payment-device']) {
      await open(name);
      await page.click('.person button');
      await page.waitForSelector('#posted');
      const { pathname, body } = server.posts.at(-1);
      if (pathname !== '/switch' || body.has('decision') || body.has('ask') || body.has('confirm_device')) return `${name}: wrong form`;
    }
    return undefined;
  },
  async 'a code is posted'({ page, open, server }) {
    await open('code-prefilled');
    await page.click('#submit-code');
    await page.waitForSelector('#posted');
    return expect(field(server, 'user_code') === 'WDJB-MJHT', 'no code');
  },
  async 'signing out posts'({ page, open, server }) {
    await open('sign-out');
    await page.click('#logout-yes');
    await page.waitForSelector('#posted');
    return expect(field(server, 'logout') === 'yes' && field(server, 'csrf'), 'fields are missing');
  },
  async 'hostile text runs nothing and fetches nothing'({ page, open, server }) {
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('dialog', (dialog) => { asked.push(dialog.message()); return dialog.dismiss(); });
    for (const name of ['sign-in-hostile', 'consent-hostile', 'consent-asks-hostile', 'grants', 'error-unknown-code']) await open(name);
    const outside = asked.filter((url) => !url.startsWith(server.origin));
    return expect(outside.length === 0, `asked ${outside}`);
  },
};

const SCRIPTED = {
  async 'a second press sends nothing'({ page, open, server }) {
    await open('consent');
    await page.evaluate(() => {
      const button = document.getElementById('approve');
      button.click();
      button.click();
    });
    await page.waitForSelector('#posted');
    return expect(server.posts.length === 1, `${server.posts.length} posts`);
  },
  async 'the password can be shown and is hidden again when sent'({ page, open }) {
    await open('sign-in');
    await page.fill('#password', 'secret');
    await page.click('[data-reveal]');
    const shown = await page.getAttribute('#password', 'type');
    await page.click('[data-reveal]');
    return expect(shown === 'text' && (await page.getAttribute('#password', 'type')) === 'password', `type ${shown}`);
  },
  async 'the outcome appears by itself'({ page, open, server, judge }) {
    for (const state of ['approved', 'denied', 'expired', 'answered']) {
      server.setState('waiting');
      await open('consent-device');
      server.setState(state);
      await page.waitForSelector(`#outcome[data-outcome="${state}"]`);
      await judge();
      if (await page.locator('#approve').count()) return 'the form is still there';
      if ((await page.evaluate(() => document.activeElement.tagName)) !== 'H1') return 'the outcome has no focus';
    }
    return undefined;
  },
  async 'the time left counts down'({ page, open }) {
    await page.clock.install({ time: new Date(1_900_000_000_000) });
    await open('consent-device');
    await page.clock.runFor(5000);
    // The page's clock runs on while a busy machine loads the page, so the page itself says how late it is.
    const { text, left } = await page.evaluate(() => {
      const live = document.querySelector('[data-expires-at]');
      return { text: live.querySelector('[data-countdown]').textContent, left: Math.floor((Number(live.dataset.expiresAt) - Date.now()) / 1000) };
    });
    const said = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    return expect(left <= 535 && [left, left + 1].map(said).includes(text), `says ${text} with ${left} s left`);
  },
  async 'the answer is handed to the client at once'({ page, open, context }) {
    const posted = new Promise((resolve) => {
      context.route('https://frame.example/**', (route) => {
        resolve(route.request().postData());
        return route.fulfill({ body: 'thanks' });
      });
    });
    await open('form-post').catch(() => undefined);
    const body = await posted;
    await page.waitForURL('https://frame.example/callback');
    return expect(new URLSearchParams(body).get('code') === 'x"><b>', `posted ${body}`);
  },
};

const UNSCRIPTED = {
  async 'the answer is handed to the client by a button'({ page, open, context }) {
    let body;
    await context.route('https://frame.example/**', (route) => {
      body = route.request().postData();
      return route.fulfill({ body: 'thanks' });
    });
    await open('form-post');
    await page.click('#continue');
    await page.waitForURL('https://frame.example/callback');
    return expect(new URLSearchParams(body).get('code') === 'x"><b>', `posted ${body}`);
  },
  async 'nothing useless is shown'({ page, open }) {
    await open('sign-in');
    return expect(!(await page.isVisible('[data-reveal]')), 'a button that does nothing');
  },
  async 'the time left is in words'({ page, open }) {
    await open('consent');
    return expect((await page.textContent('[data-countdown]')) === '9 minutes', 'no words');
  },
};
