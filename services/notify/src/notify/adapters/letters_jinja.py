"""Letters from templates: one text and one HTML file per template and language, a value that is missing is an error."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notify.adapters.words_file import Words
from notify.domain.italian import day, day_and_hour, euro, greeting_name
from notify.handlers.ports import Contact, Letter

TEMPLATES = Path(__file__).parents[1] / "templates"
SUBJECT = "Oggetto: "
ITALIAN = "it"


class JinjaLetters:
    """Writes letters in the language asked for when it is there, and else in Italian."""

    def __init__(self, words: Words, public_url: str, folder: Path = TEMPLATES) -> None:
        self._words, self._status_url = words, f"{public_url.rstrip('/')}/stato"
        self._there = {tuple(path.name.split(".")[:2]) for path in folder.glob("*.*.txt")}
        self._jinja = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=select_autoescape(("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.filters |= {
            "day": lambda text: day(datetime.fromisoformat(str(text))),
            "day_and_hour": lambda text: day_and_hour(datetime.fromisoformat(str(text))),
            "euro": lambda cents: euro(int(cents)),
            "route": lambda code: words.of(words.routes, code),
            "outcome": lambda code: words.of(words.outcomes, code),
            "documents": lambda codes: [words.of(words.documents, code) for code in codes.split(",")],
        }

    def write(self, template: str, values: Mapping[str, str], contact: Contact, report_id: str) -> Letter:
        """The letter; raises UndefinedError when a template asks for a value that the event did not bring."""
        language = self._language(template, contact.language)
        known = {
            **values,
            "name": greeting_name(contact.name),
            "reference": report_id[-8:].upper(),
            "status_url": self._status_url,
            "words": self._words,
        }
        text = self._jinja.get_template(f"{template}.{language}.txt").render(known)
        html = self._jinja.get_template(f"{template}.{language}.html").render(known)
        subject, _, body = text.partition("\n")
        return Letter(subject.removeprefix(SUBJECT).strip(), body.strip() + "\n", html, language)

    def _language(self, template: str, wanted: str) -> str:
        # The wish comes from outside: it may only choose among files, never name one.
        return wanted if (template, wanted) in self._there else ITALIAN
