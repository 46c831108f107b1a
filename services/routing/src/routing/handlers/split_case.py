"""Split the case of a report from that of another one."""

from dataclasses import replace

from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportSplit
from contracts.routing import CaseReopened, CaseSplit
from routing.domain.cases import Case, Outcome, Status, dates_still_watched
from routing.domain.history import Entry, Happened
from routing.domain.shared_cases import merged, split, without_follower
from routing.handlers.close_withdrawn_case import end_without_voices
from routing.handlers.documents import CASES
from routing.handlers.escalate_case import due_timers
from routing.handlers.follow_timers import FollowMain, follow_timers
from routing.handlers.merge_case import known
from routing.handlers.resolve_case import close


def split_case(event: ReportSplit, case: Case | None, main: Case | None, moment: Moment) -> Change:
    """Open the case again for whoever had it, with its own due dates, and publish CaseSplit; a case that ended stays ended.

    Raises Early while one of the cases does not exist yet.
    """
    case, main = known(case, event.report_id), known(main, event.main_id)
    if case.merged_into != main.report_id:
        return NOTHING
    change = end_without_voices(without_follower(main, case.report_id, event.voices), moment)
    if not case.is_merged:
        alone = CASES.put(replace(case, merged_into=None))
        return replace(change, write=[*change.write, alone])
    timers = due_timers(case.report_id, dates_still_watched(case), moment)
    case = split(case, tuple(one.id for one in timers), moment.now)
    fact = CaseSplit(
        report_id=case.report_id,
        main_id=main.report_id,
        route=case.route,
        operator=case.operator,
        due_at=case.due_at,
    )
    return replace(
        change,
        write=[*change.write, CASES.put(case)],
        events=[*change.events, fact],
        timers=[*change.timers, *timers],
    )


def follow_main(
    timer: FollowMain,  # noqa: ARG001 - what it names is loaded
    case: Case | None,
    main: Case | None,
    moment: Moment,
) -> Change:
    """Bring a merged case in line with its main one: it ends with it, and is open again with it; a withdrawn one stays withdrawn."""
    if case is None or main is None or case.merged_into != main.report_id:
        return NOTHING
    if main.status is Status.RESOLVED and main.outcome is not None:
        return close(case, main.outcome, moment) if case.is_merged else NOTHING
    if case.status is not Status.RESOLVED or case.outcome is Outcome.WITHDRAWN:
        return NOTHING
    entry = Entry(Happened.REOPENED, moment.now, route=main.route, operator=main.operator)
    status = Status.HELD if case.route is None else Status.OPEN
    again = replace(
        case, status=status, outcome=None, resolved_at=None, missed=(), history=(*case.history, entry)
    )
    fact = CaseReopened(
        report_id=case.report_id, route=main.route, operator=main.operator, due_at=main.due_at
    )
    again = merged(again, main, moment.now)
    return Change(write=[CASES.put(again)], events=[fact], timers=follow_timers(again, moment))
