"""What the rules entitle a household to, and how a granted amount is distributed over its charges."""

from collections.abc import Iterable
from dataclasses import dataclass

from subsidies.domain.facts import Facts, Value
from subsidies.domain.packs import Track


@dataclass(frozen=True)
class ChargeLine:
    """Cents for one charge: `services`, `rent`, or `arrears:YYYY-MM`."""

    charge: str
    cents: int


@dataclass(frozen=True)
class Entitlement:
    """What the rules allow, in cents, before the budget limits it; due = capped - deducted."""

    charges: tuple[ChargeLine, ...]
    owed_cents: int
    capped_cents: int
    deducted_cents: int
    due_cents: int


def entitlement(track: Track, facts: Facts, values: dict[str, Value]) -> Entitlement:
    """The charges that a track covers, limited by its cap, less what the household has already received."""
    charges = tuple(_charges(track, facts, values))
    owed = sum(line.cents for line in charges)
    capped = min(owed, track.cap_cents)
    received = _cents(values, track.deduct) if track.deduct else 0
    deducted = min(capped, received)
    return Entitlement(charges, owed, capped, deducted, capped - deducted)


def distribute(charges: Iterable[ChargeLine], cents: int) -> tuple[ChargeLine, ...]:
    """Distribute cents over charges in their order, never more than a charge owes.

    The lines add up to `cents`, or to what is owed when that is less.
    """
    lines: list[ChargeLine] = []
    for charge in charges:
        paid = min(charge.cents, cents)
        if paid:
            lines.append(ChargeLine(charge.charge, paid))
        cents -= paid
    return tuple(lines)


def _charges(track: Track, facts: Facts, values: dict[str, Value]) -> Iterable[ChargeLine]:
    for cover in track.covers:
        if cover.value is None:
            yield from (ChargeLine(f"{cover.line}:{row.period}", row.cents) for row in facts.tenancy.arrears)
        else:
            yield ChargeLine(cover.line, _cents(values, cover.value))


def _cents(values: dict[str, Value], name: str) -> int:
    value = values[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is not an amount in cents")
    return value
