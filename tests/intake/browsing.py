"""A browser without JavaScript: it follows redirects, fills in the forms of a page and sends them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

import httpx

Attributes = dict[str, str | None]


@dataclass
class PageForm:
    """One form of a page: where it is sent, and the values of its controls as they are shown."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Outline(HTMLParser):
    """The tags of a page with their attributes, and its forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self.forms: list[PageForm] = []
        self._inside: list[str] = []
        self._text, self._select = "", ""
        self.feed(text)

    def values(self, tag: str, attribute: str) -> list[str | None]:
        """The values of this attribute of these tags."""
        return [one[attribute] for name, one in self.tags if name == tag and attribute in one]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag == "form":
            self.forms.append(PageForm(known.get("action") or "", known.get("method") or "get"))
            self._inside.append(tag)
        name = known.get("name")
        if self._inside and name and tag in ("input", "select", "textarea", "button"):
            self.forms[-1].names.add(name)
            if tag != "button":
                self._take(tag, name, known)
        if (
            tag == "option"
            and self._inside
            and ("selected" in known or self._select not in self.forms[-1].values)
        ):
            self.forms[-1].values[self._select] = known.get("value") or ""

    def _take(self, tag: str, name: str, known: Attributes) -> None:
        if tag == "textarea":
            self._select, self._text = name, ""
        elif tag == "select":
            self._select = name
        elif known.get("type") not in ("radio", "checkbox") or "checked" in known:
            self.forms[-1].values[name] = known.get("value") or ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside.pop()
        if tag == "textarea" and self._inside:
            self.forms[-1].values[self._select] = self._text.removeprefix("\n")


@dataclass
class Page:
    """A page that a browser shows."""

    client: httpx.AsyncClient
    response: httpx.Response

    @classmethod
    async def open(cls, client: httpx.AsyncClient, path: str) -> Self:
        """The page at this address, after redirects."""
        return cls(client, await client.get(path, follow_redirects=True))

    @property
    def text(self) -> str:
        """The HTML of the page."""
        return self.response.text

    @property
    def status(self) -> int:
        """The status of the page."""
        return self.response.status_code

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.response.url.path

    @property
    def outline(self) -> Outline:
        """The tags and forms of the page."""
        return Outline(self.text)

    def form(self, name: str) -> PageForm:
        """The form that has a control of this name."""
        return next(one for one in self.outline.forms if name in one.names)

    async def send(self, values: Mapping[str, str], *, raw: bool = False) -> Self:
        """Fill in the form that has the first of these controls, send it and follow the redirect unless `raw`."""
        form = self.form(next(iter(values)))
        unknown = set(values) - form.names
        assert not unknown, f"the form has no {unknown}"
        given = form.values | dict(values)
        action = form.action or str(self.response.url)
        if form.method.lower() == "get":
            answer = await self.client.get(action, params=given, follow_redirects=not raw)
        else:
            parts = {name: (None, value) for name, value in given.items()}
            answer = await self.client.post(action, files=parts, follow_redirects=not raw)
        return type(self)(self.client, answer)
