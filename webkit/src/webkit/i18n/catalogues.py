"""Reads the .po files of a folder; there are no compiled files that could be older than their source."""

import hashlib
import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po
from babel.support import Translations

PUBLIC_DOMAIN, STAFF_DOMAIN = "public", "staff"
DOMAINS = (PUBLIC_DOMAIN, STAFF_DOMAIN)
_HEADER = re.compile(r'^"(X-Reviewed-(?:By|Text)): *(.*?)(?:\\n)?"$', re.MULTILINE)

# CLDR has a third form in these languages, for whole millions (“un milione di minuti”), which no page counts.
_TWO_FORMS = {"it": "(n != 1)", "es": "(n != 1)", "fr": "(n > 1)"}


def catalogue_file(folder: Path, language: str, domain: str) -> Path:
    """Where the catalogue of a language and domain is."""
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


def plural_forms(language: str) -> tuple[int, str]:
    """How many plural forms a language has, and the expression that chooses one."""
    if forms := _TWO_FORMS.get(language):
        return 2, forms
    rule = get_plural(language)
    return rule.num_plurals, rule.plural_expr


def empty_catalogue(language: str) -> Catalog:
    """A catalogue without messages."""
    catalogue = Catalog(locale=language)
    count, chosen = plural_forms(language)
    catalogue.mime_headers = [("Plural-Forms", f"nplurals={count}; plural={chosen};")]
    return catalogue


def read_catalogue(file: Path, language: str) -> Catalog:
    """The messages of a file, none when it does not exist; raises PoFileError for what is not a catalogue."""
    if not file.exists():
        return empty_catalogue(language)
    return read_po(io.BytesIO(file.read_bytes()), locale=language, charset="utf-8", abort_invalid=True)


@cache
def read_translations(file: Path, language: str) -> Translations:
    """The translations of a file; read once in the life of the process, about 15 ms for 500 messages."""
    return _compiled(read_catalogue(file, language))


def _compiled(catalogue: Catalog) -> Translations:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def merged(folders: tuple[Path, ...], language: str) -> Translations:
    """The catalogues of all folders and domains as one; a later folder has the last word, and the public domain in it."""
    whole = _compiled(empty_catalogue(language))
    for folder in folders:
        for domain in reversed(DOMAINS):
            whole.merge(read_translations(catalogue_file(folder, language, domain), language))
    return whole


@dataclass(frozen=True)
class Review:
    """Who reviewed a catalogue, and the digest of the texts that they saw."""

    by: str
    text: str


def read_review(file: Path) -> Review:
    """The review that the header of a file names; empty when nobody reviewed it."""
    found = dict(_HEADER.findall(file.read_text(encoding="utf-8"))) if file.exists() else {}
    return Review(found.get("X-Reviewed-By", "").strip(), found.get("X-Reviewed-Text", "").strip())


def text_digest(catalogue: Catalog) -> str:
    """A digest of all texts of a catalogue: a review holds for the texts that were there."""
    lines = sorted(repr((m.context, m.id, m.string)) for m in catalogue if m.id)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class CatalogueState:
    """How far a catalogue is: its messages, how many have a text, and who reviewed the texts of today."""

    distribution: str
    domain: str
    language: str
    messages: int
    translated: int
    reviewed_by: str
    changed_since: bool

    @property
    def complete(self) -> bool:
        """Whether every message has a text."""
        return self.translated == self.messages

    @property
    def reviewed(self) -> bool:
        """Whether a person reviewed the texts as they are today."""
        return bool(self.reviewed_by) and not self.changed_since


def catalogue_state(folder: Path, language: str, domain: str) -> CatalogueState:
    """The state of one catalogue, from its file."""
    file = catalogue_file(folder, language, domain)
    catalogue, review = read_catalogue(file, language), read_review(file)
    messages = [message for message in catalogue if message.id]
    return CatalogueState(
        distribution=folder.parent.name,
        domain=domain,
        language=language,
        messages=len(messages),
        translated=sum(is_translated(message.string) for message in messages),
        reviewed_by=review.by,
        changed_since=bool(review.by) and review.text != text_digest(catalogue),
    )


def is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    """Whether a message has its text, in all plural forms."""
    if string is None or isinstance(string, str):
        return bool(string)
    return bool(string) and all(string)
