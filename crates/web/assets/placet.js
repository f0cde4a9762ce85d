// What the pages gain with script: live state, time left, local times, a look at the password. All of them work without.
(() => {
  'use strict';

  const language = document.documentElement.lang;
  // The page's language in the person's own country decides how a date is written.
  const region = navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;

  // Times are written in UTC; a browser knows the person's zone.
  for (const time of document.querySelectorAll('time[data-time]')) {
    const at = new Date(time.dateTime);
    const full = new Intl.DateTimeFormat(region, { dateStyle: 'long', timeStyle: 'short' }).format(at);
    time.title = full;
    if (time.dataset.time === 'moment') time.textContent = full;
    if (time.dataset.time === 'day') {
      time.textContent = new Intl.DateTimeFormat(region, { dateStyle: 'long' }).format(at);
    }
  }

  for (const button of document.querySelectorAll('[data-reveal]')) {
    const input = document.getElementById(button.dataset.reveal);
    button.hidden = false;
    button.addEventListener('click', () => {
      const shown = input.type === 'text';
      input.type = shown ? 'password' : 'text';
      button.setAttribute('aria-pressed', String(!shown));
    });
    // Browsers offer to keep what is in a password field only while it is one.
    input.form.addEventListener('submit', () => { input.type = 'password'; });
  }

  // A second press while the first is on its way sends nothing; coming back by 'back' makes the form fresh.
  for (const form of document.querySelectorAll('form[data-once]')) {
    const buttons = [...form.elements].filter((element) => element.type === 'submit');
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = 'yes';
      for (const button of buttons) button.setAttribute('aria-disabled', 'true');
    });
    window.addEventListener('pageshow', () => {
      delete form.dataset.sent;
      for (const button of buttons) button.removeAttribute('aria-disabled');
    });
  }

  const live = document.querySelector('[data-status-url]');
  if (live) follow(live);

  function follow(element) {
    const SHORTEST_WAIT_MS = 2000;
    const LONGEST_WAIT_MS = 15000;
    const SOON_MS = 60000;
    const FINAL = ['approved', 'denied', 'expired', 'answered'];
    const expiresAt = Number(element.dataset.expiresAt);
    const countdown = element.querySelector('[data-countdown]');
    let wait = SHORTEST_WAIT_MS;
    let ended = false;

    const tick = () => {
      if (ended) return;
      const left = expiresAt - Date.now();
      // The server's clock decides; a browser's clock that is far off would only frighten.
      if (left > 0 && left < 24 * 3600 * 1000) {
        const seconds = Math.floor(left / 1000);
        countdown.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
        element.classList.toggle('soon', left < SOON_MS);
      }
      setTimeout(tick, 1000);
    };

    const show = (state) => {
      ended = true;
      const template = document.querySelector(`template[data-live-state="${state}"]`);
      const place = document.querySelector('[data-live-outcome]');
      document.querySelector('[data-live-body]').remove();
      element.remove();
      place.append(template.content.cloneNode(true));
      const outcome = place.querySelector('.outcome');
      outcome.id = 'outcome';
      outcome.dataset.outcome = state;
      const heading = place.querySelector('h1');
      heading.tabIndex = -1;
      heading.focus();
      place.querySelector('[data-reload]').href = location.href;
    };

    const ask = async () => {
      // A form that is on its way brings its own answer.
      const sent = document.querySelector('form[data-sent]');
      if (!document.hidden && !sent) {
        try {
          const reply = await fetch(element.dataset.statusUrl, { headers: { accept: 'application/json' }, cache: 'no-store' });
          const { state } = reply.ok ? await reply.json() : {};
          if (FINAL.includes(state) && !document.querySelector('form[data-sent]')) {
            show(state);
            return;
          }
          wait = reply.ok ? wait : wait * 2;
        } catch {
          wait *= 2;
        }
        wait = Math.min(wait * 1.2, LONGEST_WAIT_MS);
      }
      setTimeout(ask, wait);
    };

    document.addEventListener('visibilitychange', () => { if (!document.hidden) wait = SHORTEST_WAIT_MS; });
    tick();
    setTimeout(ask, wait);
  }
})();
