"""Give a case to another operator or to a desk."""

from dataclasses import dataclass

from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from contracts.routing import CaseHandedOff, CaseReassigned
from routing.domain.absences import NOBODY_AWAY, Absences, operators_with
from routing.domain.calendar import ROME
from routing.domain.cases import Case, handed_off, reassigned
from routing.domain.history import MoveReason, Staff
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import Route
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.refusals import workable


@dataclass(frozen=True)
class ReassignCase:
    """Give this case to this operator."""

    report_id: str
    operator: str
    reason: MoveReason
    by: Staff


@dataclass(frozen=True)
class HandOffCase:
    """Give this case to this desk."""

    report_id: str
    route: Route
    reason: MoveReason
    by: Staff


def reassign_case(
    command: ReassignCase,
    case: Case | None,
    register: Register | None,
    absences: Absences | None,
    moment: Moment,
) -> Change:
    """Give a case to an operator who is here; its due dates stay.

    Raises Refused for a case that cannot be moved, and for an operator who is unknown, is away, or has the case.
    """
    case = workable(case)
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    people = {one.code: one for one in operators_with(register, absences or NOBODY_AWAY)}
    if command.operator not in people:
        raise Refused("unknown-operator", "There is no such operator.", 422, "operator")
    if people[command.operator].is_away(moment.now.astimezone(ROME).date()):
        raise Refused("operator-away", "The operator is away today.", 409, "operator", "Choose another one.")
    if case.operator == command.operator:
        raise Refused("same-operator", "The operator has the case already.", 409, "operator")
    return give_to(case, command.operator, command.reason, moment, command.by)


def give_to(case: Case, operator: str, reason: MoveReason, moment: Moment, by: Staff) -> Change:
    """Reassign a case and publish CaseReassigned."""
    fact = CaseReassigned(
        report_id=case.report_id,
        route=Route.OPERATOR,
        operator=operator,
        due_at=case.due_at,
        reason=reason,
    )
    return Change(
        write=[CASES.put(reassigned(case, operator, reason, moment.now, by))],
        events=[fact],
        answer={"report_id": case.report_id, "operator": operator},
    )


def hand_off_case(command: HandOffCase, case: Case | None, moment: Moment) -> Change:
    """Give a case to a desk and publish CaseHandedOff; its due dates stay.

    Raises Refused for a case that cannot be moved, and for a desk that has the case or is none.
    """
    case = workable(case)
    if command.route is Route.OPERATOR:
        raise Refused("unknown-desk", "This is no desk.", 422, "route")
    if case.route is command.route:
        raise Refused("same-desk", "The desk has the case already.", 409, "route")
    return Change(
        write=[CASES.put(handed_off(case, command.route, command.reason, moment.now, command.by))],
        events=[CaseHandedOff(report_id=case.report_id, route=command.route, reason=command.reason)],
        answer={"report_id": case.report_id, "route": command.route.value},
    )
