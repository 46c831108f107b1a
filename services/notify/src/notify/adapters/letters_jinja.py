"""Letters rendered by Jinja: one text and one HTML template per kind of message, in every language of the catalogues."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notify.domain.catalogue import LEFT_OUT, OTHERWISE, Catalogue, text_of
from notify.domain.letters import Contact, Letter
from notify.domain.names import greeting_name
from webkit.agency import Agency
from webkit.i18n import Language, Texts, install

TEMPLATES = Path(__file__).parents[1] / "web" / "templates" / "public"
ITALIAN = "it"  # the language of the agency's own texts
BLANK_LINES = re.compile(r"\n{3,}")


class JinjaLetters:
    """Renders letters in the contact's language, or in Italian when there is no such language."""

    def __init__(
        self,
        catalogue: Catalogue,
        agency: Agency,
        public_url: str,
        texts: Texts | None = None,
        folder: Path = TEMPLATES,
    ) -> None:
        self._catalogue, self._agency = catalogue, agency
        self._status_url = f"{public_url.rstrip('/')}/stato"
        self._texts = texts or Texts.of("notify")
        self._folder, self._jinja = folder, _environment(folder, self._texts)

    def write(self, template: str, values: Mapping[str, str], contact: Contact, report_id: str) -> Letter:
        """The letter; raises UndefinedError when the template uses a value that is not in `values`."""
        # The language is input from outside: it selects one of the catalogues and never becomes part of a path.
        language = self._texts.language(contact.language)
        known = {**values, **self._facts(contact, report_id, language)}
        text = self._jinja.get_template(f"mails/{template}.txt").render(known)
        sentence, _, body = text.partition("\n")
        subject = _subject(contact.about, sentence.strip())
        html = self._jinja.get_template(f"mails/{template}.html").render(known, subject=subject)
        return Letter(subject, BLANK_LINES.sub("\n\n", body).strip() + "\n", html, language.code)

    def kinds(self) -> list[str]:
        """The kinds of letters that there are templates for."""
        return sorted({path.stem for path in (self._folder / "mails").glob("*.txt")} - {"layout"})

    def _facts(self, contact: Contact, report_id: str, language: Language) -> dict[str, Any]:
        code = contact.tracking_code
        return {
            "name": greeting_name(contact.name),
            "reference": code or report_id[-8:].upper(),
            "status_url": f"{self._status_url}?codice={quote(code)}" if code else self._status_url,
            "category": contact.category,
            "place": contact.place,
            "agency": self._agency,
            "words": _Words(self._catalogue, language),
            "language": language,
        }


@dataclass(frozen=True)
class _Words:
    """The words of the mails for codes: the agency's own in Italian, the labels of the catalogues in another language."""

    catalogue: Catalogue
    language: Language

    def route(self, code: str) -> str:
        """Who looks after a report."""
        return self._word("mail-route", self.catalogue.routes, code)

    def outcome(self, code: str) -> str:
        """How a case ended."""
        return self._word("mail-outcome", self.catalogue.outcomes, code)

    def document(self, code: str) -> str:
        """A document to bring."""
        return self._word("mail-document", self.catalogue.documents, code)

    def left_out(self, code: str) -> str:
        """An attachment that was not kept."""
        return self.language.label("mail-left-out", code if code in LEFT_OUT else OTHERWISE)

    @property
    def signature(self) -> str:
        """The name of the service, the same in every language."""
        return self.catalogue.signature

    @property
    def where_to_bring(self) -> str:
        """The agency's sentence, empty in a language in which it has none."""
        return self.catalogue.where_to_bring if self.language.code == ITALIAN else ""

    @property
    def where_to_read(self) -> str:
        """The agency's sentence, empty in a language in which it has none."""
        return self.catalogue.where_to_read if self.language.code == ITALIAN else ""

    def _word(self, kind: str, own: Mapping[str, str], code: str) -> str:
        return text_of(own, code) if self.language.code == ITALIAN else self.language.label(kind, code)


def _environment(folder: Path, texts: Texts) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default=False),
        lstrip_blocks=True,
        auto_reload=False,
    )
    install(jinja, texts)
    return jinja


def _subject(about: str, sentence: str) -> str:
    """What the report is about, then what happens to it; the sentence alone begins with a capital letter."""
    return f"{about}: {sentence}" if about else f"{sentence[:1].upper()}{sentence[1:]}"
