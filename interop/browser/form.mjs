// A form of a page as a browser would send it, to be sent by other means.

/** The action and the fields of the form that holds `button`, pressed by it. */
export function formOf(page, button) {
  return page.$eval(button, (pressed) => ({
    action: pressed.form.action,
    origin: location.origin,
    fields: [...new FormData(pressed.form, pressed)].map(([name, value]) => [name, String(value)]),
  }));
}

/** Sends it with the cookies of the browser; redirects are not followed. */
export function send(context, { action, origin, fields }) {
  return context.request.post(action, {
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    data: new URLSearchParams(fields).toString(),
    maxRedirects: 0,
  });
}
