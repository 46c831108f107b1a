"""Letters rendered by Jinja: one text and one HTML template per kind of message, in every language of the catalogues."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notify.domain.catalogue import Catalogue, text_of
from notify.domain.formats import day, day_and_hour, euro, greeting_name
from notify.domain.letters import Contact, Letter

TEMPLATES = Path(__file__).parents[1] / "web" / "templates" / "public"
ITALIAN = "it"
BLANK_LINES = re.compile(r"\n{3,}")


class JinjaLetters:
    """Renders letters in the contact's language, or in Italian when there is no catalogue of that language."""

    def __init__(self, catalogue: Catalogue, public_url: str, folder: Path = TEMPLATES) -> None:
        self._catalogue, self._status_url = catalogue, f"{public_url.rstrip('/')}/stato"
        self._jinja = {ITALIAN: _environment(folder, catalogue)}

    def write(self, template: str, values: Mapping[str, str], contact: Contact, report_id: str) -> Letter:
        """The letter; raises UndefinedError when the template uses a value that is not in `values`."""
        # The language is input from outside: it selects one of the environments and never becomes part of a path.
        language = contact.language if contact.language in self._jinja else ITALIAN
        jinja = self._jinja[language]
        known = {**values, **self._facts(contact, report_id, language)}
        text = jinja.get_template(f"mails/{template}.txt")
        subject = _subject(contact.about, "".join(text.blocks["subject"](text.new_context(known))))
        html = jinja.get_template(f"mails/{template}.html").render(known, subject=subject)
        body = BLANK_LINES.sub("\n\n", text.render(known)).strip() + "\n"
        return Letter(subject, body, html, language)

    def _facts(self, contact: Contact, report_id: str, language: str) -> dict[str, Any]:
        code = contact.tracking_code
        return {
            "name": greeting_name(contact.name),
            "reference": code or report_id[-8:].upper(),
            "status_url": f"{self._status_url}?codice={quote(code)}" if code else self._status_url,
            "category": contact.category,
            "place": contact.place,
            "agency": self._agency(language),
            "language": language,
            "direction": "ltr",
        }

    def _agency(self, language: str) -> Catalogue:
        """The agency's texts; it writes sentences in Italian only, so that other languages have those of the templates."""
        own = self._catalogue
        return own if language == ITALIAN else replace(own, where_to_bring="", where_to_read="")


def _environment(folder: Path, catalogue: Catalogue) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default=False),
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    jinja.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    jinja.filters |= {
        "day": lambda text: day(datetime.fromisoformat(str(text))),
        "day_and_hour": lambda text: day_and_hour(datetime.fromisoformat(str(text))),
        "euro": lambda cents: euro(int(cents)),
        "route": lambda code: text_of(catalogue.routes, code),
        "outcome": lambda code: text_of(catalogue.outcomes, code),
        "documents": lambda codes: [text_of(catalogue.documents, code) for code in codes.split(",")],
        "ltr": lambda text: text,
    }
    return jinja


def _subject(about: str, sentence: str) -> str:
    """What the report is about, then what happens to it; the sentence alone begins with a capital letter."""
    return (
        f"{about}: {sentence.strip()}" if about else f"{sentence.strip()[:1].upper()}{sentence.strip()[1:]}"
    )
