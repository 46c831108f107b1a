"""How a contribution is spread over what is owed: in the pack's order, never a cent more than owed."""

from collections.abc import Iterable
from dataclasses import dataclass

from subsidies.domain.facts import Facts, Value
from subsidies.domain.pack import Track


@dataclass(frozen=True)
class Line:
    """Cents for one charge: `services`, `rent`, or `arrears:YYYY-MM`."""

    charge: str
    cents: int


@dataclass(frozen=True)
class Entitlement:
    """What the rules allow before the budget is asked, in cents."""

    charges: tuple[Line, ...]
    owed_cents: int
    capped_cents: int
    deducted_cents: int
    due_cents: int


def entitlement(track: Track, facts: Facts, values: dict[str, Value]) -> Entitlement:
    """What a track allows: what is owed, up to the cap, net of what was received already."""
    charges = tuple(_charges(track, facts, values))
    owed = sum(line.cents for line in charges)
    capped = min(owed, track.cap_cents)
    received = _cents(values, track.deduct) if track.deduct else 0
    deducted = min(capped, received)
    return Entitlement(charges, owed, capped, deducted, capped - deducted)


def allocate(charges: Iterable[Line], cents: int) -> tuple[Line, ...]:
    """Spread cents over charges in their order; the lines add up to `cents` when that much is owed."""
    lines: list[Line] = []
    for charge in charges:
        given = min(charge.cents, cents)
        if given:
            lines.append(Line(charge.charge, given))
        cents -= given
    return tuple(lines)


def _charges(track: Track, facts: Facts, values: dict[str, Value]) -> Iterable[Line]:
    for cover in track.covers:
        if cover.value is None:
            yield from (Line(f"{cover.line}:{row.period}", row.cents) for row in facts.tenancy.arrears)
        else:
            yield Line(cover.line, _cents(values, cover.value))


def _cents(values: dict[str, Value], name: str) -> int:
    value = values[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is not an amount in cents")
    return value
