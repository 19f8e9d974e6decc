"""A person without JavaScript: reads a page, follows a link by its words, fills a form and presses a button."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.test import Client

VOID = {"input", "br", "img", "meta", "link", "hr", "use", "rect"}


def squeezed(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Button:
    text: str = ""
    name: str = ""
    value: str = ""


@dataclass
class Form:
    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, set[str]] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)


class ReadPage(HTMLParser):
    """The text, links and forms of one page."""

    def __init__(self, url: str, html: str, status: int) -> None:
        super().__init__()
        self.url, self.html, self.status = url, html, status
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self.text = ""
        self._link: list[str] | None = None
        self._href = ""
        self._button: Button | None = None
        self._select = ""
        self._silent = 0
        self.feed(html)
        self.text = squeezed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        form = self.forms[-1] if self.forms else None
        if tag in ("script", "style"):
            self._silent += 1
        elif tag == "a" and "href" in at:
            self._link, self._href = [], at["href"]
        elif tag == "form":
            self.forms.append(Form(at.get("action") or self.url, at.get("method", "get").lower()))
        elif form is not None and tag == "input":
            self._input(form, at)
        elif form is not None and tag == "textarea":
            form.values[at["name"]] = ""
        elif form is not None and tag == "select":
            self._select = at["name"]
        elif form is not None and tag == "option" and self._select:
            # a browser preselects the first option, unless another is selected
            first = self._select not in form.choices
            form.choices.setdefault(self._select, set()).add(at.get("value", ""))
            if first or "selected" in at:
                form.values[self._select] = at.get("value", "")
        elif form is not None and tag == "button" and at.get("type", "submit") == "submit":
            self._button = Button(name=at.get("name", ""), value=at.get("value", ""))
            form.buttons.append(self._button)

    def _input(self, form: Form, at: dict[str, str]) -> None:
        kind, name = at.get("type", "text"), at.get("name", "")
        if not name:
            return
        if kind in ("checkbox", "radio"):
            form.choices.setdefault(name, set()).add(at.get("value", "on"))
            if "checked" in at:
                form.values[name] = at.get("value", "on")
        else:
            form.values[name] = at.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent -= 1
        elif tag == "a" and self._link is not None:
            self.links.append((squeezed("".join(self._link)), self._href))
            self._link = None
        elif tag == "button":
            self._button = None
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text += data + " "
        if self._link is not None:
            self._link.append(data)
        if self._button is not None:
            self._button.text = squeezed(f"{self._button.text} {data}")


class Reader:
    """Keeps the current page; every step asserts that the page was served without error."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client(enforce_csrf_checks=True)
        self.page = ReadPage("/", "", 0)

    def open(self, url: str) -> ReadPage:
        return self._read(self.client.get(url, follow=True), url)

    def follow(self, words: str) -> ReadPage:
        """Follows the first link with these words."""
        for text, href in self.page.links:
            if words in text:
                return self.open(urljoin(self.page.url, href))
        raise AssertionError(f"no link «{words}» on {self.page.url}: {[text for text, _ in self.page.links]}")

    def press(self, words: str, **filled: str) -> ReadPage:
        """Fills the form that has this button, and submits it."""
        for form in self.page.forms:
            for button in form.buttons:
                if words in button.text:
                    return self._submit(form, button, filled)
        buttons = [button.text for form in self.page.forms for button in form.buttons]
        raise AssertionError(f"no button «{words}» on {self.page.url}: {buttons}")

    def _submit(self, form: Form, button: Button, filled: dict[str, str]) -> ReadPage:
        unknown = set(filled) - set(form.values) - set(form.choices)
        assert not unknown, f"the form has no field {unknown}: {sorted(form.values)}"
        for name, value in filled.items():
            if name in form.choices:
                assert value in form.choices[name], f"{value} is not among {form.choices[name]}"
        data = {**form.values, **filled}
        if button.name:
            data[button.name] = button.value
        url = urljoin(self.page.url, form.action)
        send = self.client.post if form.method == "post" else self.client.get
        return self._read(send(url, data, follow=True), url)

    def _read(self, response, url: str) -> ReadPage:
        for address, _ in response.redirect_chain:
            url = urljoin(url, address)
        parts = urlsplit(url)
        self.page = ReadPage(
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            response.content.decode(),
            response.status_code,
        )
        assert response.status_code < 500
        return self.page

    def sees(self, words: str) -> None:
        assert words in self.page.text, f"«{words}» is not on {self.page.url}: {self.page.text[:3000]}"
