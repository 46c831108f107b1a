"""The data of a scenario: its requests, before they are sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """One valid report. A form generates its own id, which replaces `report_id`."""

    number: int
    report_id: str
    interface: str
    kind: str
    province: str
    body: Body
    data: Body | None = None
    expect: str = ""


@dataclass(frozen=True)
class InvalidRequest:
    """One request that must be refused: its body, and the expected problem."""

    report_id: str
    interface: str
    defect: str
    content: bytes
    expect: str
    contact: Body


@dataclass(frozen=True)
class Talk:
    """A listening session: the household, its reports, whose `body` is a problem of the talk, and an appointment."""

    session_id: str
    household: Body
    reports: tuple[Report, ...]
    follow_up: Body


@dataclass(frozen=True)
class Phone:
    """An operator's phone that had no network: a talk and a problem by itself, heard `late` seconds before they are sent.

    Its clock is `behind` ours by so many seconds. `photos` holds how many photos a report has, by number. `shown_place` is the
    place that the phone says of the problem by itself, when that was closed meanwhile; the desk knows the right one.
    """

    talk: Talk
    alone: Report
    late: int
    behind: int
    photos: Mapping[int, int]
    shown_place: str = ""


@dataclass(frozen=True)
class Scenario:
    """A whole scenario; the sets hold the numbers of the reports that are resent, reused, withdrawn or resolved.

    `photos` holds how many photos a report gets, and `joins` the reports of others about the same problem, by number. The
    reports of talks and phones and those that join another one come on top of `reports`.
    """

    seed: int
    reports: tuple[Report, ...]
    invalid: tuple[InvalidRequest, ...]
    again: frozenset[int]
    reused: frozenset[int]
    withdrawn: frozenset[int]
    resolved: frozenset[int]
    photos: Mapping[int, int] = field(default_factory=dict)
    talks: tuple[Talk, ...] = ()
    joins: Mapping[int, tuple[Report, ...]] = field(default_factory=dict)
    phones: tuple[Phone, ...] = ()


def about_of(report: Report) -> Body:
    """What the account needs to know of a report, including the personal data that must not be on a topic."""
    contact = report.body.get("contact", {})
    same = {name: report.body[name] for name in ("category", "place_id", "channel", "description")}
    return same | {
        "kind": report.kind,
        "province": report.province,
        "name": contact.get("name", ""),
        "email": contact.get("email", ""),
        "phone": contact.get("phone", ""),
        "joins": report.body.get("joins", ""),
    }
