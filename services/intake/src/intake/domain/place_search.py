"""Finds places by the words that people type: street, building, neighbourhood, town."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Any

from intake.domain.places import Place, PlaceKind

MOST_HITS = 20
MOST_WORDS = 12
_ABBREVIATIONS: Mapping[str, str] = {
    "c.so": "corso",
    "cso": "corso",
    "dr": "dottor",
    "ed": "edificio",
    "edif": "edificio",
    "f.lli": "fratelli",
    "l.go": "largo",
    "lgo": "largo",
    "mons": "monsignor",
    "p": "piazza",
    "p.le": "piazzale",
    "p.za": "piazza",
    "p.zza": "piazza",
    "ple": "piazzale",
    "pza": "piazza",
    "pzza": "piazza",
    "q.re": "quartiere",
    "s": "san",
    "sc": "scala",
    "st": "san",
    "v": "via",
    "v.le": "viale",
    "vle": "viale",
    "vill": "villaggio",
}
# San Cosma, Santo Stefano and Sant'Agata are written in each way.
_SAME: Mapping[str, str] = {"santo": "san", "santa": "san", "sant": "san"}
# Words of every address: they order the hits and find nothing by themselves beside another word.
_COMMON = frozenset(
    {
        "a",
        "al",
        "all",
        "alla",
        "casa",
        "civico",
        "con",
        "corso",
        "da",
        "dei",
        "del",
        "dela",
        "dele",
        "deli",
        "delo",
        "di",
        "e",
        "edificio",
        "edifici",
        "il",
        "in",
        "la",
        "largo",
        "le",
        "lo",
        "n",
        "numero",
        "nr",
        "piaza",
        "piazale",
        "provincia",
        "quartiere",
        "scala",
        "tuto",
        "viale",
        "via",
        "vicolo",
    }
)
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_EXACT, _BEGINNING, _NEAR = 3, 2, 1
_FEWEST_LETTERS = 5  # of a word that may have one letter wrong
_DEPTH = {kind: number for number, kind in enumerate(PlaceKind)}
Matches = Sequence[tuple[int, Set[int]]]  # of one word: the numbers of places, by quality, best first


@dataclass(frozen=True)
class PlaceHits:
    """The places found, best first; `more` when there are others."""

    places: tuple[Place, ...] = ()
    more: bool = False


class PlaceIndex:
    """The places that can be searched, by the words of their labels, addresses and aliases.

    Unfinished words are found by bisection, wrong letters by the words that are left when one letter is taken out.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._above = {place.id: place.parent for place in places}
        self._number = {place.id: number for number, place in enumerate(places)}
        self._depth = [_DEPTH[place.kind] for place in places]
        numbers: defaultdict[str, set[int]] = defaultdict(set)
        for number, place in enumerate(places):
            for word in _words_of(place):
                numbers[word].add(number)
        self._numbers: Mapping[str, Set[int]] = numbers
        self._sorted = sorted(word for word in numbers if is_distinctive(word))
        self._shortened: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._sorted:
            for short in {word, *_one_less(word)} if len(word) >= _FEWEST_LETTERS - 1 else ():
                self._shortened[short].append(word)

    def find(self, text: str, limit: int = MOST_HITS) -> PlaceHits:
        """The places that have most of the words typed, at most `limit`; a word that no place has is ignored.

        Case, accents, doubled letters, order, usual abbreviations, unfinished words, and one wrong letter in a long word make no
        difference. Numbers, single letters and words like `via` only order the hits when another word is found. A part of a
        place is left out when the place itself is as good a hit.
        """
        found = [(word, self._matches(word)) for word in words(text)[:MOST_WORDS]]
        telling = [matches for word, matches in found if matches and is_distinctive(word)]
        numbers = _most(telling or [matches for _, matches in found if matches])
        ranks = _ranks(numbers, [matches for _, matches in found if matches])
        best = self._without_parts(
            sorted(numbers, key=lambda one: (-ranks[one], self._depth[one], one)), ranks
        )
        hits = list(islice(best, limit + 1))
        return PlaceHits(tuple(self._places[number] for number in hits[:limit]), more=len(hits) > limit)

    def _without_parts(self, numbers: Iterable[int], ranks: Mapping[int, int]) -> Iterator[int]:
        for number in numbers:
            if all(ranks.get(above, 0) < ranks[number] for above in self._ancestors(number)):
                yield number

    def _ancestors(self, number: int) -> Iterator[int]:
        above = self._above[self._places[number].id]
        while above in self._number:
            yield self._number[above]
            above = self._above[above]

    def _matches(self, word: str) -> Matches:
        """The places with this word: exactly, as the beginning of one, or else with one wrong letter."""
        exact = [(_EXACT, self._numbers[word])] if word in self._numbers else []
        if not is_distinctive(word):
            return exact
        longer = _union(self._numbers[known] for known in self._beginning(word) if known != word)
        if exact or longer:
            return [*exact, (_BEGINNING, longer)] if longer else exact
        near = _union(self._numbers[known] for known in self._near(word))
        return [(_NEAR, near)] if near else []

    def _beginning(self, word: str) -> Iterator[str]:
        for known in islice(self._sorted, bisect_left(self._sorted, word), None):
            if not known.startswith(word):
                return
            yield known

    def _near(self, word: str) -> Iterable[str]:
        if len(word) < _FEWEST_LETTERS:
            return ()
        candidates = {known for short in (word, *_one_less(word)) for known in self._shortened.get(short, ())}
        return (known for known in candidates if _is_near(word, known))


def words(text: str) -> tuple[str, ...]:
    """The words of a text, each once, without case, accents, doubled letters and abbreviations."""
    plain = "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one)
    )
    return tuple(dict.fromkeys(_folded(word) for found in _WORD.findall(plain) for word in _expanded(found)))


def is_distinctive(word: str) -> bool:
    """Whether a word of `words` tells places apart by itself: no number, no single letter, no word of every address."""
    return len(word) > 1 and not word.isdigit() and word not in _COMMON


def search_rules() -> Mapping[str, Any]:
    """The words that a search treats alike, for who searches elsewhere as `PlaceIndex` does."""
    return {
        "abbreviations": dict(_ABBREVIATIONS),
        "same": dict(_SAME),
        "common": sorted(_COMMON),
        "fewest": _FEWEST_LETTERS,
        "words": MOST_WORDS,
        "hits": MOST_HITS,
        "depth": {kind.value: depth for kind, depth in _DEPTH.items()},
    }


def _expanded(found: str) -> Iterable[str]:
    return (
        [_ABBREVIATIONS[found]]
        if found in _ABBREVIATIONS
        else (_ABBREVIATIONS.get(part, part) for part in found.split("."))
    )


def _folded(word: str) -> str:
    single = _DOUBLED.sub(r"\1", word)
    return _SAME.get(single, single)


def _words_of(place: Place) -> tuple[str, ...]:
    labels = (place.label, place.address, place.neighbourhood_label, place.province_label, place.postal_code)
    return words(" ".join((*labels, *place.aliases)))


def _one_less(word: str) -> Iterator[str]:
    return (word[:n] + word[n + 1 :] for n in range(len(word)))


def _union(parts: Iterable[Set[int]]) -> Set[int]:
    return set().union(*parts)


def _most(required: Sequence[Matches]) -> Set[int]:
    """The places that have as many of these words as any place has."""
    found = [_union(numbers for _, numbers in matches) for matches in required]
    if not found:
        return set()
    found.sort(key=len)
    in_all = set(found[0]).intersection(*found[1:])
    if in_all:
        return in_all
    counts = Counter(number for numbers in found for number in numbers)
    most = max(counts.values())
    return {number for number, count in counts.items() if count == most}


def _ranks(numbers: Set[int], found: Sequence[Matches]) -> Mapping[int, int]:
    """How well each place has all the words."""
    ranks = dict.fromkeys(numbers, 0)
    for matches in found:
        ranked: Set[int] = set()
        for quality, having in matches:  # the best quality first: a place with both counts once
            fresh = (having & numbers) - ranked
            ranked = ranked | fresh
            for number in fresh:
                ranks[number] += quality
    return ranks


def _is_near(one: str, other: str) -> bool:
    """Whether one letter is wrong, missing, added, or exchanged with its neighbour."""
    if abs(len(one) - len(other)) > 1:
        return False
    first = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    rest, others = one[first:], other[first:]
    exchanged = rest[:2] == others[1::-1] and rest[2:] == others[2:]
    return exchanged or rest[1:] == others[1:] or rest[1:] == others or rest == others[1:]
