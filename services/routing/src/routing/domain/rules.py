"""Who handles a report: a table of named rules of which the first match decides, with the reasons of every decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


class Route(StrEnum):
    """Who can handle a case."""

    OPERATOR = "operator"
    TECHNICAL_OFFICE = "technical-office"
    ADMIN_OFFICE = "admin-office"
    SOCIAL_SERVICES = "social-services"
    EMERGENCY = "emergency"


class Reason(StrEnum):
    """Why an operator can or cannot take a case."""

    OWNS_NEIGHBOURHOOD = "owns-neighbourhood"
    SUBSTITUTES_OWNER = "substitutes-owner"
    OTHER_NEIGHBOURHOOD = "other-neighbourhood"
    OWNER_AVAILABLE = "owner-available"
    ABSENT = "absent"
    KIND_NOT_TAKEN = "kind-not-taken"


class Held(StrEnum):
    """Why a case is held."""

    NOBODY_ELIGIBLE = "nobody-eligible"
    NO_RULE_MATCHES = "no-rule-matches"
    UNKNOWN_URGENCY = "unknown-urgency"


IN_FAVOUR = frozenset({Reason.OWNS_NEIGHBOURHOOD, Reason.SUBSTITUTES_OWNER})
NO_RULE = "no-rule"


@dataclass(frozen=True)
class Reported:
    """The fields of a report that the rules compare."""

    category: str
    kind: str
    urgency: str
    neighbourhood: str
    province: str


@dataclass(frozen=True)
class Absence:
    """First and last day (ISO dates, both included) on which an operator is away."""

    first: str
    last: str


@dataclass(frozen=True)
class Operator:
    """An operator of one or more neighbourhoods; `substitutes` take their cases, in this order, when they cannot."""

    code: str
    name: str
    neighbourhoods: tuple[str, ...]
    kinds: tuple[str, ...]
    substitutes: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()

    def is_away(self, day: date) -> bool:
        """Whether they are absent on this day."""
        return any(absence.first <= day.isoformat() <= absence.last for absence in self.absences)

    def can_take(self, kind: str, day: date) -> bool:
        """Whether they are here on this day and take this kind."""
        return kind in self.kinds and not self.is_away(day)


@dataclass(frozen=True)
class Condition:
    """What a rule requires: each list that is not empty must contain the report's value."""

    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    neighbourhoods: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    has_operator: bool | None = None

    def failing(self, reported: Reported, owned: bool) -> str | None:
        """The first part that does not match, or None when all match."""
        parts = (
            ("category", self.categories, reported.category),
            ("kind", self.kinds, reported.kind),
            ("urgency", self.urgencies, reported.urgency),
            ("neighbourhood", self.neighbourhoods, reported.neighbourhood),
            ("province", self.provinces, reported.province),
        )
        for part, accepted, value in parts:
            if accepted and value not in accepted:
                return part
        return None if self.has_operator in (None, owned) else "has-operator"


@dataclass(frozen=True)
class Rule:
    """One row of the table; `why` is its explanation in Italian."""

    name: str
    route: Route
    why: str
    when: tuple[Condition, ...] = ()

    def failing(self, reported: Reported, owned: bool) -> str | None:
        """None when any condition matches or there is none, else the first part of the first condition that does not match."""
        parts = [condition.failing(reported, owned) for condition in self.when]
        return None if not parts or None in parts else parts[0]


@dataclass(frozen=True)
class RuleTable:
    """The rules in the order in which they are evaluated."""

    version: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Raise:
    """With at least so many voices a case of one urgency gets another one; `why` is its explanation in Italian."""

    name: str
    voices: int
    urgency: str
    raised_to: str
    why: str


def raises_of(raises: Sequence[Raise], urgency: str, voices: int) -> tuple[Raise, ...]:
    """The rules that raise this urgency with so many voices, one after the other; each is used at most once."""
    used: list[Raise] = []
    for rule in raises:
        if rule.urgency == urgency and voices >= rule.voices:
            used.append(rule)
            urgency = rule.raised_to
    return tuple(used)


@dataclass(frozen=True)
class Candidate:
    """An operator who was considered, whether they are eligible, and every reason for and against."""

    operator: str
    name: str
    eligible: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class PassedOver:
    """A rule that was evaluated and did not match, and the part that did not match."""

    rule: str
    failing: str


@dataclass(frozen=True)
class Decision:
    """Who takes a case, or why it is held, with every rule and operator that was considered."""

    rule: str
    rules_version: str
    why: str
    route: Route | None = None
    operator: str | None = None
    held: Held | None = None
    candidates: tuple[Candidate, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


def decide(reported: Reported, table: RuleTable, operators: tuple[Operator, ...], day: date) -> Decision:
    """Who handles this report on this day; when nobody is eligible the case is held and later rules are not evaluated."""
    owned = any(reported.neighbourhood in operator.neighbourhoods for operator in operators)
    passed: list[PassedOver] = []
    for rule in table.rules:
        failing = rule.failing(reported, owned)
        if failing is None:
            decision = Decision(rule.name, table.version, rule.why, rule.route, passed_over=tuple(passed))
            return (
                decision
                if rule.route is not Route.OPERATOR
                else _to_operator(decision, reported, operators, day)
            )
        passed.append(PassedOver(rule.name, failing))
    why = "nessuna regola prevede questo caso."
    return Decision(NO_RULE, table.version, why, held=Held.NO_RULE_MATCHES, passed_over=tuple(passed))


def _to_operator(
    decision: Decision, reported: Reported, operators: tuple[Operator, ...], day: date
) -> Decision:
    candidates = consider(reported, operators, day)
    chosen = choose(candidates, operators)
    if chosen is None:
        return replace(decision, route=None, held=Held.NOBODY_ELIGIBLE, candidates=candidates)
    return replace(decision, operator=chosen, candidates=candidates)


def cover(
    reported: Reported, operators: tuple[Operator, ...], day: date
) -> tuple[str | None, tuple[Candidate, ...]]:
    """Who takes over the case of an operator on this day, or None, with everybody who was considered."""
    candidates = consider(reported, operators, day)
    return choose(candidates, operators), candidates


def consider(reported: Reported, operators: tuple[Operator, ...], day: date) -> tuple[Candidate, ...]:
    """Every operator as a candidate, with the reasons for and against."""
    owners = [operator for operator in operators if reported.neighbourhood in operator.neighbourhoods]
    stand_ins = {code for owner in owners for code in owner.substitutes}
    owner_can = any(owner.can_take(reported.kind, day) for owner in owners)
    return tuple(
        _candidate(operator, reported, day, _area_reasons(operator, owners, stand_ins, owner_can))
        for operator in operators
    )


def _area_reasons(
    operator: Operator, owners: Iterable[Operator], stand_ins: set[str], owner_can: bool
) -> tuple[Reason, ...]:
    if operator in owners:
        return (Reason.OWNS_NEIGHBOURHOOD,)
    if operator.code not in stand_ins:
        return (Reason.OTHER_NEIGHBOURHOOD,)
    return (Reason.SUBSTITUTES_OWNER, Reason.OWNER_AVAILABLE) if owner_can else (Reason.SUBSTITUTES_OWNER,)


def _candidate(operator: Operator, reported: Reported, day: date, area: tuple[Reason, ...]) -> Candidate:
    reasons = list(area)
    if operator.is_away(day):
        reasons.append(Reason.ABSENT)
    if reported.kind not in operator.kinds:
        reasons.append(Reason.KIND_NOT_TAKEN)
    return Candidate(operator.code, operator.name, IN_FAVOUR.issuperset(reasons), tuple(reasons))


def choose(candidates: tuple[Candidate, ...], operators: tuple[Operator, ...]) -> str | None:
    """The eligible owner, or else the first eligible substitute in the owners' order of preference."""
    eligible = {candidate.operator: candidate for candidate in candidates if candidate.eligible}
    for code, candidate in eligible.items():
        if Reason.OWNS_NEIGHBOURHOOD in candidate.reasons:
            return code
    owners = {
        candidate.operator for candidate in candidates if Reason.OWNS_NEIGHBOURHOOD in candidate.reasons
    }
    preferred = (code for operator in operators if operator.code in owners for code in operator.substitutes)
    return next((code for code in preferred if code in eligible), None)
