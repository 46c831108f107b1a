"""The sentences of rules in the language of a reader: translations of the Italian ones, and what an applicant can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ITALIAN = "it"
# The seven beside Italian.
LANGUAGES = ("en", "fr", "ar", "es", "ro", "uk", "zh")


@dataclass(frozen=True)
class RuleTexts:
    """One language: translations by Italian sentence, and the Italian guidance by the code of a condition.

    A translation belongs to a sentence and not to a code: a decision of the past whose sentence read otherwise is shown in Italian.
    """

    translations: Mapping[str, str] = field(default_factory=dict)
    guidance: Mapping[str, str] = field(default_factory=dict)

    def translate(self, italian: str) -> str:
        """The sentence in this language, or in Italian where there is no translation."""
        return self.translations.get(italian, italian)

    def guidance_on(self, code: str) -> str:
        """What an applicant can do who does not fulfil a condition, or nothing."""
        return self.translate(self.guidance.get(code, ""))
