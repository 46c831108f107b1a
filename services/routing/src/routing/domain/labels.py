"""What people call categories and places, and the search for a case by these words."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.domain.cases import Case


@dataclass(frozen=True)
class Labels:
    """The labels of the agency's codes; `keywords` has more words by which people name a category."""

    categories: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    neighbourhoods: Mapping[str, str] = field(default_factory=dict)

    def category(self, code: str) -> str:
        """The label of a category; an unknown code as words."""
        return self.categories.get(code) or readable(code)

    def place(self, place_id: str, neighbourhood: str) -> str:
        """The label of a building or stair; an unknown id has that of its neighbourhood."""
        return self.places.get(place_id) or self.neighbourhood(neighbourhood)

    def neighbourhood(self, code: str) -> str:
        """The label of a neighbourhood; an unknown code as words."""
        return self.neighbourhoods.get(code) or readable(code)

    def has_words(self, case: Case, words: str) -> bool:
        """Whether every word is in the labels of the category, the place or the neighbourhood, however it is written."""
        texts = (
            self.category(case.category),
            self.keywords.get(case.category, ""),
            self.place(case.place_id, case.neighbourhood),
            self.neighbourhood(case.neighbourhood),
        )
        found = folded(" ".join(texts))
        return all(word in found for word in folded(words).split())


def readable(code: str) -> str:
    """A code as words: hyphens become spaces, the first letter a capital."""
    return code.replace("-", " ").capitalize()


def folded(text: str) -> str:
    """The text without accents and capitals, for comparison."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))
