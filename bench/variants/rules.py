"""Rules like routing's: named and ordered, the first match decides; the same for every variant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.intake import ReportRegistered
from contracts.routing import CaseOpened

VERSION = "bench-1"
HOURS = {"e1": 24, "u": 72, "n": 240, "a": 720, "s": 168}


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    name: str
    route: str
    fits: Callable[[ReportRegistered], bool]


RULES = (
    Rule("emergencies", "emergency", lambda event: event.urgency == "e1" and event.kind == "technical"),
    Rule("frail-tenants", "social-services", lambda event: event.category == "frail-tenant"),
    Rule("lifts", "technical-office", lambda event: event.category == "lift-stopped"),
    Rule("heating", "technical-office", lambda event: event.category == "heating-off"),
    Rule("contributions", "admin-office", lambda event: event.kind == "contribution"),
    Rule("paperwork", "admin-office", lambda event: event.kind == "administrative"),
    Rule("conflicts", "operator", lambda event: event.category.startswith("conflict")),
    Rule("urgent-repairs", "technical-office", lambda event: event.urgency == "u"),
    Rule("the-rest", "operator", lambda event: bool(event.neighbourhood)),
)


def decide(event: ReportRegistered) -> tuple[str, str, datetime]:
    """The route, the name of the deciding rule, and the due time."""
    rule = next(rule for rule in RULES if rule.fits(event))
    return rule.route, rule.name, event.heard_at + timedelta(hours=HOURS.get(event.urgency, 240))


def opened(event: ReportRegistered, fact: type[CaseOpened] = CaseOpened) -> CaseOpened:
    """The fact that follows from a report."""
    route, rule, due = decide(event)
    return fact(
        report_id=event.report_id,
        route=route,
        operator=None,
        rule=rule,
        rules_version=VERSION,
        urgency=event.urgency,
        neighbourhood=event.neighbourhood,
        contact_due_at=event.heard_at + timedelta(hours=24),
        due_at=due,
    )
