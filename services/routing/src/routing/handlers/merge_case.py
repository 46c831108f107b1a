"""Merge the case of a report into that of another report about the same problem, and raise it when many report it."""

from dataclasses import dataclass, replace

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment, Timer
from contracts.base import Event
from contracts.intake import ReportJoined, ReportMerged
from contracts.routing import CaseMerged, CaseRaised
from routing.domain.calendar import due
from routing.domain.cases import Case, Outcome, Status, dates_still_watched
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import raises_of
from routing.domain.shared_cases import followed, merged, raised
from routing.handlers.close_withdrawn_case import leaving
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import due_timers
from routing.handlers.follow_timers import FollowMain


def merge_case(
    event: ReportJoined | ReportMerged,
    case: Case | None,
    main: Case | None,
    register: Register | None,
    moment: Moment,
) -> Change:
    """Merge the case, publish CaseMerged, and CaseRaised when a rule raises the main case; one that is merged elsewhere moves.

    A case that ended meanwhile stays as it is, and so does one whose main case was withdrawn: it goes on alone. Raises Early
    while one of the cases does not exist yet.
    """
    case, main = known(case, event.report_id), known(main, event.main_id)
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    if case.status is Status.RESOLVED or main.outcome is Outcome.WITHDRAWN:
        return NOTHING
    if case.merged_into == main.report_id:
        return NOTHING
    after = _raised(followed(main, case.report_id, event.voices, moment.now), register, moment)
    main = after.main
    fact = CaseMerged(report_id=case.report_id, main_id=main.report_id, route=main.route, due_at=main.due_at)
    ending = () if case.closing is None else (case.closing.timer,)
    return Change(
        write=[CASES.put(merged(case, main, moment.now)), CASES.put(main)],
        events=[fact, *after.facts],
        timers=(*after.timers, *leaving(case, moment, case.voices), *_follow_at_once(case, main, moment)),
        cancel=(*case.timers, *ending, *after.superseded),
    )


def known(case: Case | None, report_id: str) -> Case:
    """The case; raises Early while it does not exist yet."""
    if case is None:
        raise Early(CASES.name, report_id)
    return case


def _follow_at_once(case: Case, main: Case, moment: Moment) -> tuple[Timer, ...]:
    if main.status is not Status.RESOLVED:
        return ()
    body = FollowMain(case.report_id, main.report_id)
    return (Timer(moment.id("follow"), moment.now, body, case.report_id),)


@dataclass(frozen=True)
class _Raised:
    """A main case after the rules of voices, with the facts, its timers, and those that they supersede."""

    main: Case
    facts: tuple[Event, ...] = ()
    timers: tuple[Timer, ...] = ()
    superseded: tuple[str, ...] = ()


def _raised(main: Case, register: Register, moment: Moment) -> _Raised:
    rules = raises_of(register.raises, main.urgency, main.voices)
    if not rules or main.status is Status.RESOLVED or main.is_merged or main.closing is not None:
        return _Raised(main)
    after = main
    for rule in rules:
        dates = due(register.calendar, rule.raised_to, main.province, main.heard_at)
        after = raised(after, rule, dates, moment.now)
    timers = due_timers(main.report_id, dates_still_watched(after), moment)
    after = replace(after, timers=tuple(one.id for one in timers))
    fact = CaseRaised(
        report_id=after.report_id,
        rule=rules[-1].name,
        rules_version=register.rules.version,
        urgency=after.urgency,
        voices=after.voices,
        contact_due_at=after.contact_due_at,
        due_at=after.due_at,
    )
    return _Raised(after, (fact,), timers, main.timers)
