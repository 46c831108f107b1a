"""A rule pack: the dated conditions and amounts of one measure, each with its legal reference."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from subsidies.domain.expressions import Comparison


class InvalidPack(ValueError):
    """A rule pack is invalid; the text names the place and the fix, `path` is the key path in its file."""

    def __init__(self, text: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(text)
        self.path = path


class DraftPack(InvalidPack):
    """A rule pack is marked as a draft: values are missing and no application may be decided by it."""


@dataclass(frozen=True)
class PackText:
    """A rule pack as canonical JSON, stored under the SHA-256 of that text; a changed text is another document."""

    hash: str
    id: str
    text: str


@dataclass(frozen=True)
class Predicate:
    """A condition with its legal reference; it applies only when `when` is absent or true."""

    code: str
    legal: str
    test: Comparison
    when: Comparison | None
    pass_text: str
    fail_text: str


@dataclass(frozen=True)
class Cover:
    """A charge that the contribution pays: a named amount, or the arrears month by month when `value` is None."""

    line: str
    value: str | None


@dataclass(frozen=True)
class Track:
    """One way to qualify: its own conditions, the charges it covers in their order, and its cap in cents."""

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
    """The authority and the number of days for a challenge of a decision (art. 3 c. 4 L. 241/1990)."""

    authority: str
    days: int
    legal: str


@dataclass(frozen=True)
class Pack:
    """A whole pack; `predicates` apply to every track, before the track's own."""

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
    """The only pack of a family in force for a notice of this day; raises InvalidPack unless there is exactly one."""
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
    raise InvalidPack(
        f"family {family}: exactly one pack that is not a draft must be in force on {notice_on.isoformat()}, found {names}; "
        "set valid_from and valid_to of the packs accordingly"
    )
