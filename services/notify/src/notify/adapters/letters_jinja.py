"""Letters rendered by Jinja from one text and one HTML file per template and language."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notify.domain.catalogue import Catalogue, text_of
from notify.domain.italian import day, day_and_hour, euro, greeting_name
from notify.domain.letters import Contact, Letter

TEMPLATES = Path(__file__).parents[1] / "web" / "templates"
SUBJECT = "Oggetto: "
ITALIAN = "it"


class JinjaLetters:
    """Renders letters in the contact's language, or in Italian when the template has no such language."""

    def __init__(self, catalogue: Catalogue, public_url: str, folder: Path = TEMPLATES) -> None:
        self._catalogue, self._status_url = catalogue, f"{public_url.rstrip('/')}/stato"
        self._existing = {tuple(path.name.split(".")[:2]) for path in folder.glob("*.*.txt")}
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
            "route": lambda code: text_of(catalogue.routes, code),
            "outcome": lambda code: text_of(catalogue.outcomes, code),
            "documents": lambda codes: [text_of(catalogue.documents, code) for code in codes.split(",")],
        }

    def write(self, template: str, values: Mapping[str, str], contact: Contact, report_id: str) -> Letter:
        """The letter; raises UndefinedError when the template uses a value that is not in `values`."""
        language = self._language(template, contact.language)
        known = {
            **values,
            "name": greeting_name(contact.name),
            "reference": report_id[-8:].upper(),
            "status_url": self._status_url,
            "catalogue": self._catalogue,
        }
        text = self._jinja.get_template(f"{template}.{language}.txt").render(known)
        html = self._jinja.get_template(f"{template}.{language}.html").render(known)
        subject, _, body = text.partition("\n")
        return Letter(subject.removeprefix(SUBJECT).strip(), body.strip() + "\n", html, language)

    def _language(self, template: str, wanted: str) -> str:
        # The language is input from outside: it selects one of the existing files and never becomes part of a path.
        return wanted if (template, wanted) in self._existing else ITALIAN
