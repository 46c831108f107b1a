"""Finds places by the words that people type: street, building, neighbourhood, town."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intake.domain.places import Place

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


@dataclass(frozen=True)
class PlaceHits:
    """The places found, best first; `more` when there are others."""

    places: tuple[Place, ...] = ()
    more: bool = False


class PlaceIndex:
    """The places of one register, by the words of their labels."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._numbers: defaultdict[str, set[int]] = defaultdict(set)
        for number, place in enumerate(places):
            labels = (place.label, place.neighbourhood_label, place.province_label)
            for word in words(" ".join(labels)):
                self._numbers[word].add(number)

    def find(self, text: str) -> PlaceHits:
        """The places that have most of the words typed, at most 20; a word that no place has is ignored.

        Case, accents, doubled letters, order, usual abbreviations, unfinished words, and one wrong letter in a long word make no
        difference. Numbers, single letters and words like `via` only order the hits when another word is found.
        """
        found = [(word, self._matches(word)) for word in words(text)[:MOST_WORDS]]
        telling = [matches for word, matches in found if matches and is_distinctive(word)]
        required = telling or [matches for _, matches in found]
        counts = _count(required)
        most = max(counts.values(), default=0)
        numbers = [number for number, count in counts.items() if count == most]
        ranks = {number: sum(matches.get(number, 0) for _, matches in found) for number in numbers}
        numbers.sort(key=lambda number: (-ranks[number], number))
        hits = tuple(self._places[number] for number in numbers[:MOST_HITS])
        return PlaceHits(hits, more=len(numbers) > MOST_HITS)

    def _matches(self, word: str) -> Mapping[int, int]:
        """How well each place has this word: exactly, as the beginning of one, or with one wrong letter."""
        qualities: dict[int, int] = {}
        for known, numbers in self._numbers.items():
            quality = _quality(word, known)
            for number in numbers if quality else ():
                qualities[number] = max(quality, qualities.get(number, 0))
        if any(quality > _NEAR for quality in qualities.values()):
            return {number: quality for number, quality in qualities.items() if quality > _NEAR}
        return qualities


def words(text: str) -> tuple[str, ...]:
    """The words of a text, each once, without case, accents, doubled letters and abbreviations."""
    plain = "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one)
    )
    return tuple(dict.fromkeys(_folded(word) for found in _WORD.findall(plain) for word in _expanded(found)))


def is_distinctive(word: str) -> bool:
    """Whether a word of `words` tells places apart by itself: no number, no single letter, no word of every address."""
    return len(word) > 1 and not word.isdigit() and word not in _COMMON


def _expanded(found: str) -> Iterable[str]:
    return (
        [_ABBREVIATIONS[found]]
        if found in _ABBREVIATIONS
        else (_ABBREVIATIONS.get(part, part) for part in found.split("."))
    )


def _folded(word: str) -> str:
    single = _DOUBLED.sub(r"\1", word)
    return _SAME.get(single, single)


def _count(required: Sequence[Mapping[int, int]]) -> Mapping[int, int]:
    counts: defaultdict[int, int] = defaultdict(int)
    for matches in required:
        for number in matches:
            counts[number] += 1
    return counts


def _quality(word: str, known: str) -> int:
    if word == known:
        return _EXACT
    if not is_distinctive(word):
        return 0
    if known.startswith(word):
        return _BEGINNING
    if len(word) >= _FEWEST_LETTERS and _is_near(word, known):
        return _NEAR
    return 0


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
