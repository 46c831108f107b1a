"""The text of a mail that is HTML only; what it quotes begins with `> `, as in a plain mail."""

import re
from html.parser import HTMLParser

_BREAKS = frozenset(
    {
        "br",
        "p",
        "div",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "hr",
        "blockquote",
    }
)
_UNSEEN = frozenset({"script", "style", "head", "title", "template"})
_QUOTES = re.compile(r"gmail_quote|moz-cite|yahoo_quoted|protonmail_quote")
_MOST_BYTES = 2_000_000


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._unseen = self._quoted = 0
        self._divisions: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        if tag in _BREAKS:
            self.lines.append("")
        if tag == "blockquote":
            self._quoted += 1
        if tag == "div":
            quotes = any(name == "class" and _QUOTES.search(value or "") for name, value in attrs)
            self._divisions.append(quotes)
            self._quoted += quotes
        if tag == "li":
            self.lines[-1] = "- "

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag in _BREAKS:
            self.lines.append("")
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        if tag == "div" and self._divisions:
            self._quoted = max(0, self._quoted - self._divisions.pop())

    def handle_data(self, data: str) -> None:
        words = re.sub(r"\s+", " ", data)
        if self._unseen or not words.strip():
            return
        mark = "> " if self._quoted and not self.lines[-1] else ""
        self.lines[-1] += mark + words


def text_of_html(html: str) -> str:
    """What a person sees of it, line by line."""
    reader = _Reader()
    reader.feed(html[:_MOST_BYTES])
    reader.close()
    text = "\n".join(line.strip() for line in reader.lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
