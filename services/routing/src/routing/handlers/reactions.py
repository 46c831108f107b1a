"""The table of routing: for each event, command or timer, the documents it needs and its handler."""

from chassis.handling import Reactions, ignore, on
from contracts.intake import (
    ReportAmended,
    ReportCorrected,
    ReportJoined,
    ReportMerged,
    ReportRated,
    ReportRegistered,
    ReportReopened,
    ReportSplit,
    ReportWithdrawn,
    SessionHeld,
)
from routing.domain.registers import CURRENT
from routing.handlers.begin_closing import (
    BeginClosing,
    ClosingElapsed,
    UndoClosing,
    begin_closing,
    finish_closing,
    undo_closing,
)
from routing.handlers.close_withdrawn_case import FollowerLeft, close_withdrawn_case, drop_follower
from routing.handlers.correct_case import correct_case
from routing.handlers.documents import ABSENCES, CASES, REGISTERS, TALKS
from routing.handlers.enter_absence import (
    CoverCase,
    EndAbsence,
    EnterAbsence,
    cover_case,
    end_absence,
    enter_absence,
)
from routing.handlers.escalate_case import DueDatePassed, escalate_case
from routing.handlers.follow_timers import FollowMain
from routing.handlers.load_register import LoadRegister, load_register
from routing.handlers.merge_case import merge_case
from routing.handlers.move_case import HandOffCase, ReassignCase, hand_off_case, reassign_case
from routing.handlers.open_case import open_case
from routing.handlers.record_rating import record_rating
from routing.handlers.record_talk import record_talk
from routing.handlers.reopen_case import ReopenCase, reopen_case, reopen_reported_case
from routing.handlers.resolve_case import ResolveCase, resolve_case
from routing.handlers.split_case import follow_main, split_case

SUBSCRIBES = ("intake.reports", "intake.sessions")

REACTIONS = Reactions(
    on(
        ReportRegistered,
        lambda event: (CASES[event.report_id], REGISTERS[CURRENT], ABSENCES[CURRENT]),
        open_case,
    ),
    on(ReportWithdrawn, lambda event: (CASES[event.report_id],), close_withdrawn_case),
    on(
        ReportReopened,
        lambda event: (CASES[event.report_id], REGISTERS[CURRENT], ABSENCES[CURRENT]),
        reopen_reported_case,
    ),
    on(
        ReportJoined,
        lambda event: (CASES[event.report_id], CASES[event.main_id], REGISTERS[CURRENT]),
        merge_case,
    ),
    on(
        ReportMerged,
        lambda event: (CASES[event.report_id], CASES[event.main_id], REGISTERS[CURRENT]),
        merge_case,
    ),
    on(
        ReportCorrected,
        lambda event: (CASES[event.report_id], REGISTERS[CURRENT], ABSENCES[CURRENT]),
        correct_case,
    ),
    on(ReportSplit, lambda event: (CASES[event.report_id], CASES[event.main_id]), split_case),
    on(FollowMain, lambda timer: (CASES[timer.report_id], CASES[timer.main_id]), follow_main),
    on(FollowerLeft, lambda timer: (CASES[timer.report_id],), drop_follower),
    on(ReportRated, lambda event: (CASES[event.report_id],), record_rating),
    ignore(ReportAmended),
    on(SessionHeld, lambda event: (TALKS[event.session_id],), record_talk),
    on(ResolveCase, lambda command: (CASES[command.report_id],), resolve_case),
    on(BeginClosing, lambda command: (CASES[command.report_id],), begin_closing),
    on(UndoClosing, lambda command: (CASES[command.report_id],), undo_closing),
    on(ClosingElapsed, lambda timer: (CASES[timer.report_id],), finish_closing),
    on(
        ReopenCase,
        lambda command: (CASES[command.report_id], REGISTERS[CURRENT], ABSENCES[CURRENT]),
        reopen_case,
    ),
    on(
        ReassignCase,
        lambda command: (CASES[command.report_id], REGISTERS[CURRENT], ABSENCES[CURRENT]),
        reassign_case,
    ),
    on(HandOffCase, lambda command: (CASES[command.report_id],), hand_off_case),
    on(
        CoverCase,
        lambda command: (CASES[command.report_id], REGISTERS[CURRENT], ABSENCES[CURRENT]),
        cover_case,
    ),
    on(EnterAbsence, lambda _: (REGISTERS[CURRENT], ABSENCES[CURRENT]), enter_absence),
    on(EndAbsence, lambda _: (ABSENCES[CURRENT],), end_absence),
    on(DueDatePassed, lambda timer: (CASES[timer.report_id],), escalate_case),
    on(LoadRegister, lambda _: (REGISTERS[CURRENT],), load_register),
)
