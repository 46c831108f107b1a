"""The texts of one service over those of the kit, in every language."""

import asyncio
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from babel.support import Translations

from webkit.i18n.catalogues import DOMAINS, CatalogueState, catalogue_file, catalogue_state, merged
from webkit.i18n.languages import NAMES, SOURCE, Language

KIT = Path(__file__).parents[1] / "locales"


class Texts:
    """Has a Language for each code; reading catalogues is put off until a language is used."""

    def __init__(self, *folders: Path) -> None:
        self._folders = (KIT, *folders)
        self.languages: Mapping[str, Language] = {code: Language(code, self._load) for code in NAMES}

    @classmethod
    def of(cls, package: str) -> "Texts":
        """The texts of a service: the folder `locales` of its package, over the kit's."""
        return cls(Path(str(files(package))) / "locales")

    def language(self, code: str | None) -> Language:
        """The language with this code; Italian for every other code, so that a code from outside is harmless."""
        return self.languages.get(code or SOURCE) or self.languages[SOURCE]

    def review_state(self) -> list[CatalogueState]:
        """The state of every catalogue of the kit and of the service, by folder, domain and language."""
        return [
            catalogue_state(folder, language, domain)
            for folder in self._folders
            for domain in DOMAINS
            for language in NAMES
            if catalogue_file(folder, language, domain).exists()
        ]

    def _load(self, code: str) -> Translations:
        found = merged(self._folders, code)
        if code != SOURCE:
            found.add_fallback(self.languages[SOURCE].translations)
        return found


async def review_states(texts: Texts) -> list[CatalogueState]:
    """The state of every catalogue of these texts; reading the files takes a while, and happens in a thread."""
    return await asyncio.to_thread(texts.review_state)
