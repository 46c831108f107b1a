"""Texts and formats of pages and mails in the language of whoever reads them; docs/texts.md is the manual."""

from webkit.i18n.choice import chosen_language, language_routes, staff_language
from webkit.i18n.languages import PUBLIC, STAFF, Language
from webkit.i18n.templates import install
from webkit.i18n.texts import Texts

__all__ = [
    "PUBLIC",
    "STAFF",
    "Language",
    "Texts",
    "chosen_language",
    "install",
    "language_routes",
    "staff_language",
]
