"""The commands and events that intake handles, with the documents that each handler needs."""

from chassis.handling import Reaction, Reactions, on
from contracts.routing import (
    CaseCorrected,
    CaseEscalated,
    CaseHandedOff,
    CaseHeld,
    CaseMerged,
    CaseOpened,
    CaseRaised,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
    CaseSplit,
)
from intake.handlers.add_entry import AddEntry, add_entry
from intake.handlers.add_photo import AddPhoto, add_photo
from intake.handlers.agree_follow_up import AgreeFollowUp, DropFollowUp, agree_follow_up, drop_follow_up
from intake.handlers.correct_report import CorrectReport, correct_report
from intake.handlers.describe_household import (
    DescribeHousehold,
    WriteNotes,
    describe_household,
    write_notes,
)
from intake.handlers.discard_waiting import (
    DiscardExpired,
    DiscardWaiting,
    discard_waiting,
    erase_discarded,
)
from intake.handlers.documents import (
    CATEGORIES,
    CATEGORY_TEXTS,
    CORRECTIONS,
    ENTRIES,
    MAILS,
    PHOTOS,
    PLACES,
    PRIVATE,
    PUBLICATIONS,
    REGISTERS,
    REPORTS,
    SESSIONS,
    TALKS,
    WAITING,
)
from intake.handlers.end_session import (
    AbandonSession,
    EndSession,
    SessionForgotten,
    abandon_session,
    end_forgotten_session,
    end_session,
)
from intake.handlers.index_contact import IndexContact, index_contact
from intake.handlers.join_report import JoinReport, join_report
from intake.handlers.keep_waiting import KeepWaiting, keep_waiting
from intake.handlers.leave_out_photos import LeaveOutPhotos, leave_out_photos
from intake.handlers.load_categories import (
    LoadCategories,
    LoadCategoryTexts,
    load_categories,
    load_category_texts,
)
from intake.handlers.load_places import LoadPlaces, load_places
from intake.handlers.load_register import LoadRegister, load_register
from intake.handlers.merge_reports import (
    MergeReport,
    SplitReport,
    VoicesLost,
    count_lost_voices,
    merge_report,
    split_report,
)
from intake.handlers.move_follower import MoveFollower, move_follower
from intake.handlers.publish_text import PublishText, TakeBackText, publish_text, take_back_text
from intake.handlers.rate_report import RateReport, rate_report
from intake.handlers.register_report import RegisterReport, register_report
from intake.handlers.renew_pin import RenewPin, renew_pin
from intake.handlers.reopen_report import ReopenReport, reopen_report
from intake.handlers.reserve_upload import (
    ReserveUpload,
    UploadExpired,
    expire_upload,
    reserve_upload,
)
from intake.handlers.review_photo import ReviewPhoto, review_photo
from intake.handlers.settle_waiting import AttachWaiting, SettleWaiting, attach_waiting, settle_waiting
from intake.handlers.show_progress import (
    show_closed,
    show_corrected,
    show_escalated,
    show_handed_off,
    show_held,
    show_in_charge,
    show_merged,
    show_raised,
    show_reassigned,
    show_reopened,
    show_split,
)
from intake.handlers.start_session import StartSession, start_session
from intake.handlers.take_mail import FinishMail, TakeMail, finish_mail, take_mail
from intake.handlers.take_report import TakeReport, take_report
from intake.handlers.withdraw_report import WithdrawReport, withdraw_report

REACTIONS = Reactions(
    on(
        RegisterReport,
        lambda c: (REPORTS[c.report_id], PRIVATE[c.report_id], CATEGORIES["categories"], PLACES[c.place_id]),
        register_report,
    ),
    Reaction(
        JoinReport,
        lambda c: (
            REPORTS[c.main_id],
            REPORTS[c.report.report_id],
            PRIVATE[c.report.report_id],
            CATEGORIES["categories"],
            PLACES[c.report.place_id],
            SESSIONS[c.taken_in.session_id if c.taken_in else ""],
        ),
        join_report,
        "join_report",
    ),
    on(
        MergeReport,
        lambda c: (REPORTS[c.report_id], REPORTS[c.main_id], CATEGORIES["categories"]),
        merge_report,
    ),
    on(SplitReport, lambda c: (REPORTS[c.report_id], REPORTS[c.main_id]), split_report),
    on(VoicesLost, lambda t: (REPORTS[t.report_id],), count_lost_voices),
    on(
        MoveFollower,
        lambda t: (REPORTS[t.report_id], REPORTS[t.from_id], REPORTS[t.to_id or ""]),
        move_follower,
    ),
    on(WithdrawReport, lambda c: (REPORTS[c.report_id],), withdraw_report),
    on(ReopenReport, lambda c: (REPORTS[c.report_id], ENTRIES[c.report_id]), reopen_report),
    on(RateReport, lambda c: (REPORTS[c.report_id], ENTRIES[c.report_id]), rate_report),
    on(AddEntry, lambda c: (REPORTS[c.report_id], ENTRIES[c.report_id]), add_entry),
    on(
        PublishText,
        lambda c: (REPORTS[c.report_id], PUBLICATIONS[c.report_id], CATEGORIES["categories"]),
        publish_text,
    ),
    on(TakeBackText, lambda c: (REPORTS[c.report_id], PUBLICATIONS[c.report_id]), take_back_text),
    on(
        CorrectReport,
        lambda c: (
            REPORTS[c.report_id],
            PRIVATE[c.report_id],
            CORRECTIONS[c.report_id],
            CATEGORIES["categories"],
            PLACES[c.place_id],
        ),
        correct_report,
    ),
    on(
        KeepWaiting,
        lambda c: (WAITING[c.item.id], REPORTS[c.item.id], PRIVATE[c.item.id]),
        keep_waiting,
    ),
    Reaction(
        SettleWaiting,
        lambda c: (
            WAITING[c.report.report_id],
            REPORTS[c.report.report_id],
            PRIVATE[c.report.report_id],
            CATEGORIES["categories"],
            PLACES[c.report.place_id],
        ),
        settle_waiting,
        "settle_waiting",
    ),
    on(AttachWaiting, lambda c: (WAITING[c.report_id],), attach_waiting),
    on(DiscardWaiting, lambda c: (WAITING[c.report_id],), discard_waiting),
    on(DiscardExpired, lambda t: (REPORTS[t.report_id], PRIVATE[t.report_id]), erase_discarded),
    on(ReserveUpload, lambda _: (), reserve_upload),
    on(UploadExpired, lambda _: (), expire_upload),
    on(AddPhoto, lambda c: (REPORTS[c.report_id], PHOTOS[c.report_id], WAITING[c.report_id]), add_photo),
    on(
        LeaveOutPhotos,
        lambda c: (REPORTS[c.report_id], PHOTOS[c.report_id], WAITING[c.report_id]),
        leave_out_photos,
    ),
    on(
        ReviewPhoto,
        lambda c: (REPORTS[c.report_id], PHOTOS[c.report_id], CATEGORIES["categories"]),
        review_photo,
    ),
    on(TakeMail, lambda c: (MAILS[c.mail.mail_id],), take_mail),
    on(FinishMail, lambda c: (MAILS[c.mail_id],), finish_mail),
    on(RenewPin, lambda c: (REPORTS[c.report_id],), renew_pin),
    on(LoadCategories, lambda c: (CATEGORIES[c.categories.name],), load_categories),
    on(LoadCategoryTexts, lambda c: (CATEGORY_TEXTS[c.texts.language],), load_category_texts),
    on(LoadRegister, lambda c: (REGISTERS[c.register.name],), load_register),
    Reaction(LoadPlaces, lambda c: [PLACES[place.id] for place in c.places], load_places, "load_places"),
    on(IndexContact, lambda c: (PRIVATE[c.report_id],), index_contact),
    on(StartSession, lambda c: (SESSIONS[c.session_id], TALKS[c.session_id]), start_session),
    on(
        DescribeHousehold,
        lambda c: (SESSIONS[c.session_id], TALKS[c.session_id], PLACES[c.place_id or ""]),
        describe_household,
    ),
    on(WriteNotes, lambda c: (SESSIONS[c.session_id], TALKS[c.session_id]), write_notes),
    on(
        TakeReport,
        lambda c: (
            SESSIONS[c.session_id],
            REPORTS[c.report.report_id],
            PRIVATE[c.report.report_id],
            CATEGORIES["categories"],
            PLACES[c.report.place_id],
        ),
        take_report,
    ),
    on(AgreeFollowUp, lambda c: (SESSIONS[c.session_id], TALKS[c.session_id]), agree_follow_up),
    on(DropFollowUp, lambda c: (SESSIONS[c.session_id], TALKS[c.session_id]), drop_follow_up),
    on(EndSession, lambda c: (SESSIONS[c.session_id],), end_session),
    on(AbandonSession, lambda c: (SESSIONS[c.session_id], TALKS[c.session_id]), abandon_session),
    on(
        SessionForgotten,
        lambda c: (SESSIONS[c.session_id], TALKS[c.session_id]),
        end_forgotten_session,
    ),
    on(CaseOpened, lambda e: (REPORTS[e.report_id],), show_in_charge),
    on(CaseHeld, lambda e: (REPORTS[e.report_id],), show_held),
    on(CaseEscalated, lambda e: (REPORTS[e.report_id],), show_escalated),
    on(CaseResolved, lambda e: (REPORTS[e.report_id],), show_closed),
    on(CaseReassigned, lambda e: (REPORTS[e.report_id],), show_reassigned),
    on(CaseHandedOff, lambda e: (REPORTS[e.report_id],), show_handed_off),
    on(CaseCorrected, lambda e: (REPORTS[e.report_id],), show_corrected),
    on(CaseReopened, lambda e: (REPORTS[e.report_id],), show_reopened),
    on(CaseMerged, lambda e: (REPORTS[e.report_id],), show_merged),
    on(CaseSplit, lambda e: (REPORTS[e.report_id],), show_split),
    on(CaseRaised, lambda e: (REPORTS[e.report_id],), show_raised),
)
SUBSCRIBES = ("routing.cases",)
