"""The messages of a distribution: from its templates, and its labels in Italian."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from jinja2 import TemplateSyntaxError

from webkit.i18n.catalogues import DOMAINS, PUBLIC_DOMAIN, STAFF_DOMAIN, catalogue_file, read_catalogue
from webkit.i18n.languages import PUBLIC, SOURCE, STAFF

EXTRACTOR = "jinja2.ext:babel_extract"
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# As `install` sets the environment: a template and its catalogue must agree about the blanks in a sentence.
OPTIONS = {
    "trimmed": "true",
    "newstyle_gettext": "true",
    "silent": "false",
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
}
TO_TRANSLATORS = "Nota:"
SUFFIXES = (".html", ".txt", ".xml")
# What only developers see is not translated.
DEVELOPMENT = "development"


class BrokenTemplate(Exception):
    """A template that Jinja cannot read."""


@dataclass(frozen=True)
class Distribution:
    """A package with templates and catalogues."""

    package: Path

    @property
    def name(self) -> str:
        """The name of the package."""
        return self.package.name

    @property
    def locales(self) -> Path:
        """The folder of the catalogues."""
        return self.package / "locales"

    def templates(self, domain: str) -> list[Path]:
        """The templates of a domain: below a folder `staff` those of staff, below `development` none, all others are public."""
        found = [
            file
            for folder in (self.package / "templates", self.package / "web" / "templates")
            for file in folder.rglob("*")
            if file.suffix in SUFFIXES and DEVELOPMENT not in file.parts
        ]
        return sorted(file for file in found if self._domain(file) == domain)

    def _domain(self, template: Path) -> str | None:
        folders = template.relative_to(self.package).parts
        if "development" in folders:
            return None
        return STAFF_DOMAIN if "staff" in folders else PUBLIC_DOMAIN

    def languages(self, domain: str) -> tuple[str, ...]:
        """The languages that a domain is written in."""
        return PUBLIC if domain == PUBLIC_DOMAIN else STAFF


def distributions(root: Path) -> list[Distribution]:
    """The kit and the services of a checkout."""
    folders = [root / "webkit", *sorted((root / "services").iterdir())]
    return [
        Distribution(folder / "src" / folder.name)
        for folder in folders
        if (folder / "pyproject.toml").exists()
    ]


def sentences(distribution: Distribution, domain: str) -> Catalog:
    """The messages whose source text is Italian: those of the templates."""
    found = Catalog()
    for file in distribution.templates(domain):
        for message, comments, context in _extracted(file, file.stat().st_mtime_ns):
            found.add(message, context=context, auto_comments=comments)
    return found


@cache
def _extracted(file: Path, _changed_ns: int) -> list[tuple[str | tuple[str, ...], list[str], str | None]]:
    try:
        with file.open("rb") as opened:
            found = extract(EXTRACTOR, opened, KEYWORDS, (TO_TRANSLATORS,), OPTIONS)
            return [(message, comments, context) for _, message, comments, context in found]
    except TemplateSyntaxError as error:
        raise BrokenTemplate(f"{file}:{error.lineno}: {error.message}") from error


def labels(distribution: Distribution, domain: str) -> Catalog:
    """The labels of codes: what the Italian catalogue has."""
    return read_catalogue(catalogue_file(distribution.locales, SOURCE, domain), SOURCE)


def in_use(distribution: Distribution) -> list[str]:
    """The domains in which the distribution has texts."""
    return [
        domain
        for domain in DOMAINS
        if len(sentences(distribution, domain)) or len(labels(distribution, domain))
    ]
