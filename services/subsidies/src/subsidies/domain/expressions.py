"""The expressions of rule packs: the values that a condition may name, the comparators and the thresholds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The type of a value; it determines the comparators it allows and its Italian format."""

    CENTS = "cents"
    COUNT = "count"
    MONTHS = "months"
    FLAG = "flag"
    DATE = "date"
    CODE = "code"
    CODES = "codes"


class Comparator(StrEnum):
    """The comparison of a value with its threshold."""

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

# The codes that an application may contain: a condition on any other code would never be true, or always.
CODES: Mapping[str, tuple[str, ...]] = {
    "attestation-kind": ("ordinario", "corrente"),
    "tenancy-kind": ("sap", "sas"),
    "area": ("protezione", "accesso", "permanenza", "decadenza"),
    "decadenza-acts": ("a1", "a2", "a3", "a4", "b", "c", "d", "e", "f", "g", "h", "i", "j", "c4"),
}
COMPOSITION = ("working-parents", "working-parents-child-under-3", "single-non-working-parent")

_ORDER = frozenset({Comparator.LE, Comparator.LT, Comparator.GE, Comparator.GT})
COMPARATORS: Mapping[Kind, frozenset[Comparator]] = {
    Kind.CENTS: _ORDER,
    Kind.COUNT: _ORDER,
    Kind.MONTHS: _ORDER,
    Kind.DATE: _ORDER,
    Kind.FLAG: frozenset({Comparator.IS_TRUE, Comparator.IS_FALSE}),
    Kind.CODE: frozenset({Comparator.IN, Comparator.NOT_IN}),
    Kind.CODES: frozenset({Comparator.NONE_OF}),
}

COMPARE: Mapping[Comparator, Callable[[Any, Any], bool]] = {
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
    """The threshold depends on the household: a fixed amount for one person, else base + per_pse × PSE."""

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
    """The comparison of a named value with a threshold."""

    value: str
    comparator: Comparator
    threshold: Threshold
