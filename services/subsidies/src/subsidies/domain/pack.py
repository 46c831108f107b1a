"""A rule pack: the dated conditions and amounts of one measure, each with its legal reference."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class BadPack(ValueError):
    """A rule pack cannot be used; the text says where and what to write instead, `path` is the place in its file."""

    def __init__(self, text: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(text)
        self.path = path


class Draft(BadPack):
    """A rule pack is a draft: its values are not filled in and nothing may be decided by it."""


class Kind(StrEnum):
    """What sort of thing a value is; it fixes its comparators and how it is written in Italian."""

    CENTS = "cents"
    COUNT = "count"
    MONTHS = "months"
    FLAG = "flag"
    DATE = "date"
    CODE = "code"
    CODES = "codes"


class Comparator(StrEnum):
    """How a value is held against its threshold."""

    LE = "le"
    LT = "lt"
    GE = "ge"
    GT = "gt"
    IS_TRUE = "is-true"
    IS_FALSE = "is-false"
    IN = "in"
    NOT_IN = "not-in"
    NONE_OF = "none-of"


KINDS: Mapping[str, Kind] = {
    "isee-ordinary-cents": Kind.CENTS,
    "patrimony-cents": Kind.CENTS,
    "annual-rent-cents": Kind.CENTS,
    "annual-services-cents": Kind.CENTS,
    "reference-year-services-cents": Kind.CENTS,
    "heating-bonus-cents": Kind.CENTS,
    "due-cents": Kind.CENTS,
    "household-members": Kind.COUNT,
    "assigned-months": Kind.MONTHS,
    "attestation-anomalies": Kind.FLAG,
    "attestation-issued-on": Kind.DATE,
    "attestation-expires-on": Kind.DATE,
    "notice-on": Kind.DATE,
    "submitted-on": Kind.DATE,
    "attestation-kind": Kind.CODE,
    "tenancy-kind": Kind.CODE,
    "area": Kind.CODE,
    "decadenza-acts": Kind.CODES,
}

# The codes that an application can have; a condition on any other would hold for nobody, or for everybody.
CODES: Mapping[str, tuple[str, ...]] = {
    "attestation-kind": ("ordinario", "corrente"),
    "tenancy-kind": ("sap", "sas"),
    "area": ("protezione", "accesso", "permanenza", "decadenza"),
    "decadenza-acts": ("a1", "a2", "a3", "a4", "b", "c", "d", "e", "f", "g", "h", "i", "j", "c4"),
}
COMPOSITION = ("working-parents", "working-parents-child-under-3", "single-non-working-parent")

_ORDER = frozenset({Comparator.LE, Comparator.LT, Comparator.GE, Comparator.GT})
SUITED: Mapping[Kind, frozenset[Comparator]] = {
    Kind.CENTS: _ORDER,
    Kind.COUNT: _ORDER,
    Kind.MONTHS: _ORDER,
    Kind.DATE: _ORDER,
    Kind.FLAG: frozenset({Comparator.IS_TRUE, Comparator.IS_FALSE}),
    Kind.CODE: frozenset({Comparator.IN, Comparator.NOT_IN}),
    Kind.CODES: frozenset({Comparator.NONE_OF}),
}

HOLDS: Mapping[Comparator, Callable[[Any, Any], bool]] = {
    Comparator.LE: lambda value, limit: value <= limit,
    Comparator.LT: lambda value, limit: value < limit,
    Comparator.GE: lambda value, limit: value >= limit,
    Comparator.GT: lambda value, limit: value > limit,
    Comparator.IS_TRUE: lambda value, _: value is True,
    Comparator.IS_FALSE: lambda value, _: value is False,
    Comparator.IN: lambda value, limit: value in limit,
    Comparator.NOT_IN: lambda value, limit: value not in limit,
    Comparator.NONE_OF: lambda value, limit: not set(value) & set(limit),
}


@dataclass(frozen=True)
class SameAs:
    """The threshold is another value of the same application."""

    value: str


@dataclass(frozen=True)
class PatrimonyScale:
    """The threshold grows with the household: one amount for one person, else base + per_pse × PSE."""

    one_person_cents: int
    base_cents: int
    per_pse_cents: int

    def limit_cents(self, members: int, pse_hundredths: int) -> int:
        """The threshold of one household, exact because `per_pse_cents` is a whole number of euro."""
        if members == 1:
            return self.one_person_cents
        return self.base_cents + self.per_pse_cents // 100 * pse_hundredths


Threshold = int | tuple[str, ...] | SameAs | PatrimonyScale | None


@dataclass(frozen=True)
class Comparison:
    """One comparison of one value with one threshold."""

    value: str
    comparator: Comparator
    threshold: Threshold


@dataclass(frozen=True)
class Predicate:
    """A condition with its legal reference; it is asked only where `when` holds."""

    code: str
    legal: str
    test: Comparison
    when: Comparison | None
    pass_text: str
    fail_text: str


@dataclass(frozen=True)
class Cover:
    """A charge the contribution pays: a named amount, or the arrears one by one when `value` is None."""

    line: str
    value: str | None


@dataclass(frozen=True)
class Track:
    """A way into the measure: its own conditions, what it covers in which order, and its cap in cents."""

    code: str
    title: str
    cap_cents: int
    cap_legal: str
    covers: tuple[Cover, ...]
    deduct: str | None
    predicates: tuple[Predicate, ...]


@dataclass(frozen=True)
class Scale:
    """The equivalence scale (DPCM 159/2013, Allegato 1), in hundredths."""

    legal: str
    base: tuple[int, ...]
    further_member: int
    children: tuple[tuple[int, int], ...]
    per_disabled: int
    composition: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Remedy:
    """Where and within how many days a decision can be challenged (art. 3 c. 4 L. 241/1990)."""

    authority: str
    days: int
    legal: str


@dataclass(frozen=True)
class Pack:
    """A whole pack; `predicates` are asked on every track before the track's own."""

    id: str
    family: str
    title: str
    legal: str
    valid_from: date
    valid_to: date | None
    predicates: tuple[Predicate, ...]
    tracks: tuple[Track, ...]
    scale: Scale
    remedies: tuple[Remedy, ...]


def in_force(packs: Iterable[Pack], family: str, notice_on: date) -> Pack:
    """The one pack of a family that a notice published on this day is decided by; raises BadPack otherwise."""
    found = [
        pack
        for pack in packs
        if pack.family == family
        and pack.valid_from <= notice_on
        and (pack.valid_to is None or notice_on <= pack.valid_to)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(pack.id for pack in found) or "none"
    raise BadPack(
        f"family {family}: one pack that can decide must be in force on {notice_on.isoformat()}, found {names}; "
        "set valid_from and valid_to so that exactly one is (a draft never counts)"
    )
