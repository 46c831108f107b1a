"""The languages of the pages, and the words that a language has for codes and sentences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from babel import Locale
from babel.numbers import format_decimal
from babel.support import Translations

SOURCE = "it"
# The name of each language in itself, and the locale of its dates and numbers: British for English, because a
# reader in Italy who meets 4/12 in an English text must not read the 12th of April.
NAMES: Mapping[str, tuple[str, str]] = {
    "it": ("Italiano", "it"),
    "en": ("English", "en_GB"),
    "fr": ("Français", "fr"),
    "ar": ("العربية", "ar"),
    "es": ("Español", "es"),
    "ro": ("Română", "ro"),
    "uk": ("Українська", "uk"),
    "zh": ("中文", "zh_Hans"),
}
RIGHT_TO_LEFT = frozenset({"ar"})
PUBLIC = tuple(NAMES)
STAFF = ("it", "en")
OTHERWISE = "otherwise"
KEPT_SENTENCES = 8192  # more than all templates have


@dataclass(frozen=True, eq=False)
class Language:
    """A language with its catalogues, which are read when the first text is asked for."""

    code: str
    load: Callable[[str], Translations]

    @property
    def name(self) -> str:
        """What the language calls itself."""
        return NAMES[self.code][0]

    @property
    def direction(self) -> str:
        """The value of the attribute `dir`: `ltr` or `rtl`."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"

    @cached_property
    def locale(self) -> Locale:
        """Babel's locale, for dates and numbers."""
        return Locale.parse(NAMES[self.code][1])

    @cached_property
    def translations(self) -> Translations:
        """The catalogues of the kit and of the service in this language, and the labels of Italian for what they lack."""
        return self.load(self.code)

    @cached_property
    def sentence(self) -> Callable[[str], str]:
        """The text of a sentence; found once, because a sentence that a catalogue lacks, like all in Italian, is sought in each."""
        return lru_cache(KEPT_SENTENCES)(self.translations.gettext)

    def label(self, kind: str, code: str, n: int | None = None, **values: object) -> str:
        """The text of a code, not escaped; with `n`, its form for that number.

        A code that the kind does not know has the label `otherwise` of that kind, and without one the code itself.
        """
        if n is None:
            text = self._unnumbered(kind, code)
        else:
            text, values = (
                self._known(kind, code, n),
                {"num": format_decimal(n, locale=self.locale), **values},
            )
        return text % values if values else text

    @cached_property
    def _unnumbered(self) -> Callable[[str, str], str]:
        return lru_cache(KEPT_SENTENCES)(self._known)

    def _known(self, kind: str, code: str, n: int | None = None) -> str:
        text = self._label(kind, code, n)
        if text != code:
            return text
        other = self._label(kind, OTHERWISE, n)
        return code if other == OTHERWISE else other

    def _label(self, kind: str, code: str, n: int | None) -> str:
        if n is None:
            return str(self.translations.pgettext(kind, code))
        return str(self.translations.npgettext(kind, code, code, n))
