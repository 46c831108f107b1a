"""The account of a campaign: what the operator typed and photographed, against what intake and routing hold."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What is wrong."""

    LOST = "lost"
    DOUBLE = "double"
    STRANGE = "strange"  # nobody typed it, or it is where it does not belong
    LEFT = "left on the phone"
    READABLE = "readable on the phone"


@dataclass(frozen=True)
class Typed:
    """A report as the operator typed it: a word that no other report has, and the numbers of its photos."""

    word: str
    photos: tuple[int, ...] = ()


@dataclass(frozen=True)
class Held:
    """A report as intake holds it: its text, and the numbers that its stored photos show (None: unreadable)."""

    report_id: str
    text: str
    photos: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One fault."""

    kind: Kind
    what: str


@dataclass(frozen=True)
class Observed:
    """What was found after the campaign.

    `registered` and `cases` count the events about each report: its registration, and its case opened or held."""

    held: Sequence[Held]
    registered: Mapping[str, int]
    cases: Mapping[str, int]
    reports_on_phone: int = 0
    photos_on_phone: int = 0
    readable: Sequence[str] = field(default_factory=tuple)


def settle(typed: Sequence[Typed], seen: Observed) -> list[Finding]:
    """Every fault: each report and each photo must be held exactly once, and nothing else may be."""
    return [
        *_reports(typed, seen),
        *_photos(typed, seen),
        *_events(seen),
        *_phone(seen),
    ]


def owners(typed: Sequence[Typed], held: Sequence[Held]) -> dict[str, list[Held]]:
    """The held reports by the typed word that their text has."""
    found: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        for report in typed:
            if report.word in one.text:
                found[report.word].append(one)
    return found


def _reports(typed: Sequence[Typed], seen: Observed) -> Iterator[Finding]:
    found = owners(typed, seen.held)
    for report in typed:
        copies = len(found.get(report.word, ()))
        if copies == 0:
            yield Finding(Kind.LOST, f"report {report.word}")
        for _ in range(copies - 1):
            yield Finding(Kind.DOUBLE, f"report {report.word}")
    known = {one.report_id for copies in found.values() for one in copies}
    for one in seen.held:
        if one.report_id not in known:
            yield Finding(Kind.STRANGE, f"report {one.report_id}, which nobody typed")


def _photos(typed: Sequence[Typed], seen: Observed) -> Iterator[Finding]:
    found = owners(typed, seen.held)
    for report in typed:
        held = Counter(photo for one in found.get(report.word, ()) for photo in one.photos)
        for photo in report.photos:
            if not held[photo]:
                yield Finding(Kind.LOST, f"photo {photo} of report {report.word}")
            for _ in range(held[photo] - 1):
                yield Finding(Kind.DOUBLE, f"photo {photo} of report {report.word}")
        for stray in held.keys() - {*report.photos}:
            yield Finding(Kind.STRANGE, f"photo {stray} in report {report.word}")


def _events(seen: Observed) -> Iterator[Finding]:
    for what, counts in (("registration", seen.registered), ("case", seen.cases)):
        for one in seen.held:
            count = counts.get(one.report_id, 0)
            if count == 0:
                yield Finding(Kind.LOST, f"{what} of report {one.report_id}")
            for _ in range(count - 1):
                yield Finding(Kind.DOUBLE, f"{what} of report {one.report_id}")
        for report_id in counts.keys() - {one.report_id for one in seen.held}:
            yield Finding(Kind.STRANGE, f"{what} of report {report_id}, which intake does not hold")


def _phone(seen: Observed) -> Iterator[Finding]:
    if seen.reports_on_phone:
        yield Finding(Kind.LEFT, f"{seen.reports_on_phone} reports")
    if seen.photos_on_phone:
        yield Finding(Kind.LEFT, f"{seen.photos_on_phone} photos")
    for place in seen.readable:
        yield Finding(Kind.READABLE, place)


def last_line(typed: Sequence[Typed], kills: int, findings: Sequence[Finding]) -> str:
    """The result of a campaign in one line."""
    kinds = Counter(finding.kind for finding in findings)
    photos = sum(len(report.photos) for report in typed)
    others = [
        f"{kinds[kind]} {kind}" for kind in Kind if kind not in (Kind.LOST, Kind.DOUBLE) and kinds[kind]
    ]
    told = [f"{kinds[Kind.LOST]} lost", f"{kinds[Kind.DOUBLE]} double", *others]
    return f"field: {len(typed)} reports, {photos} photos, {kills} kills, {', '.join(told)}"
