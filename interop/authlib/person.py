"""A person who uses the pages over HTTP: reads forms by the stable element ids, fills them in, and sends them."""

import html.parser
import urllib.parse

import requests

LONGEST_WAY = 12


class _Page(html.parser.HTMLParser):
    """Every form of a page: its action, its fields, and the buttons and inputs in it by id; and the ids of the page."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.ids, self._template, self._text_of = [], {}, 0, None
        self.texts = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        # What stands in a template is not on the page.
        self._template += tag == "template"
        if self._template:
            return
        values = dict(attributes)
        name = values.get("id")
        if name:
            self.ids[name] = values
            self._text_of = name
        if tag == "form":
            self.forms.append({"action": values.get("action"), "fields": [], "controls": {}})
        elif tag in ("input", "button") and self.forms:
            form = self.forms[-1]
            if name:
                form["controls"][name] = values
            if values.get("type") == "hidden":
                form["fields"].append((values["name"], values.get("value", "")))

    def handle_endtag(self, tag):
        self._template -= tag == "template"

    def handle_data(self, data):
        if self._text_of:
            self.texts[self._text_of] = data
            self._text_of = None


class Person:
    def __init__(self, username, password):
        self.username, self.password = username, password
        self.browser = requests.Session()

    def go_through(self, url, callback=None, decision="approve"):
        """Walks to the end. Answers the URL of the redirect to `callback`, or the outcome of a device request."""
        reply = self.browser.get(url, allow_redirects=False, timeout=20)
        for _ in range(LONGEST_WAY):
            if reply.is_redirect:
                assert reply.request.method == "GET" or reply.status_code == 303, "only 303 follows a POST (A10)"
                target = urllib.parse.urljoin(reply.url, reply.headers["location"])
                if callback and target.startswith(callback):
                    return target
                reply = self.browser.get(target, allow_redirects=False, timeout=20)
                continue
            page = _Page(reply.text)
            if "outcome" in page.ids:
                return page.ids["outcome"]["data-outcome"]
            if "error-code" in page.ids:
                raise AssertionError(f"error page {page.texts.get('error-code')} at {reply.url}")
            reply = self._answer(reply.url, page, decision)
        raise AssertionError(f"no end at {reply.url}")

    def _answer(self, url, page, decision):
        filled = {"login": self.username, "password": self.password, "confirm-device": "yes"}
        for button in ("submit-login", "submit-code", decision):
            form = next((form for form in page.forms if button in form["controls"]), None)
            if not form:
                continue
            fields = list(form["fields"])
            for name, values in form["controls"].items():
                if "name" not in values or values.get("type") == "hidden":
                    continue
                if name == "confirm-device" and decision == "deny":
                    continue
                if name == button or (values.get("type") != "submit"):
                    fields.append((values["name"], filled.get(name, values.get("value", ""))))
            action = urllib.parse.urljoin(url, form["action"])
            return self.browser.post(action, data=fields, allow_redirects=False, timeout=20)
        raise AssertionError(f"nothing known at {url}: {sorted(page.ids)}")
