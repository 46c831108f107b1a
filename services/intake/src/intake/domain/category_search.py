"""Finds categories and dangers by the words that people type."""

import re
import unicodedata
from collections.abc import Iterator

from intake.domain.categories import Categories, Category, Diversion
from intake.domain.category_texts import CategoryWords

MOST_HITS = 8
MOST_WORDS = 12
_SHORTEST, _LONG = 3, 6
_WORD = re.compile(r"[\w]+")
# Scripts without blanks between words: a keyword is looked for anywhere in the text.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def folded(text: str) -> str:
    """The text without accents, capitals and punctuation, its words separated by one blank."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(_WORD.findall("".join(one for one in plain if not unicodedata.combining(one))))


def find_categories(
    categories: Categories, words: CategoryWords, typed: str, most: int = MOST_HITS
) -> tuple[Category, ...]:
    """The categories whose label or keywords have words that begin as those typed; those with most of them first.

    Looks in the language of the reader and in Italian.
    """
    wanted = _wanted(typed)
    scores = {one.code: _score(one, words, wanted) for one in categories.offered} if wanted else {}
    found = [one for one in categories.offered if scores.get(one.code, (0, 0)) > (0, 0)]
    return tuple(sorted(found, key=lambda one: scores[one.code], reverse=True)[:most])


def find_diversions(
    categories: Categories, all_words: tuple[CategoryWords, ...], text: str
) -> tuple[Diversion, ...]:
    """The dangers of which a text has keywords, in any of these languages."""
    spaced = f" {folded(text)} "
    return tuple(
        danger
        for danger in categories.diversions
        if any(_contains(spaced, word) for words in all_words for word in words.keywords(danger))
    )


def _contains(spaced: str, keyword: str) -> bool:
    plain = folded(keyword)
    return bool(plain) and (plain if _UNSPACED.search(plain) else f" {plain} ") in spaced


def _wanted(typed: str) -> tuple[str, ...]:
    words = folded(typed).split()[:MOST_WORDS]
    return tuple(one for one in words if len(one) >= _SHORTEST or _UNSPACED.search(one))


def _score(category: Category, words: CategoryWords, wanted: tuple[str, ...]) -> tuple[int, int]:
    """How many typed words the category has, and how many of them are in its label."""
    label = _tokens(folded(f"{words.category(category)} {category.label}"))
    more = _tokens(folded(" ".join((*words.keywords(category), *category.keywords))))
    in_label = sum(_has(label, one) for one in wanted)
    return sum(_has(label, one) or _has(more, one) for one in wanted), in_label


def _tokens(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _has(tokens: frozenset[str], typed: str) -> bool:
    return any(_matches(token, typed) for token in tokens)


def _matches(token: str, typed: str) -> bool:
    """Whether both begin alike: an ending (stufa, stufe; rotto, rotta) makes no other word."""
    if _UNSPACED.search(typed):
        return any(part in token for part in _pairs(typed))
    stem = typed[: max(_SHORTEST, len(typed) - (2 if len(typed) > _LONG else 1))]
    return token.startswith(stem) if len(typed) >= _SHORTEST else token == typed


def _pairs(text: str) -> Iterator[str]:
    return (text[at : at + 2] for at in range(max(1, len(text) - 1)))
