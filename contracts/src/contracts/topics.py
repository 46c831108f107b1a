"""The topics: owner, key, events, subscribers, classification and retention of each."""

from dataclasses import dataclass
from typing import Literal

from contracts import intake, notify, ops, routing, subsidies
from contracts.base import Event

EVERY_CONSUMER = "every consumer"


@dataclass(frozen=True)
class Topic:
    """One topic. The number of partitions never changes, because keys would move: growth needs a new topic."""

    name: str
    owner: str
    key: str
    events: tuple[type[Event], ...]
    subscribers: tuple[str, ...] = ()
    classification: Literal["public", "internal"] = "public"
    partitions: int = 12
    retention_days: int = 14
    max_record_bytes: int = 262_144


TOPICS: tuple[Topic, ...] = (
    Topic(
        "intake.reports",
        owner="intake",
        key="report id",
        events=(
            intake.ReportRegistered,
            intake.ReportAmended,
            intake.ReportWithdrawn,
            intake.ReportReopened,
            intake.ReportJoined,
            intake.ReportMerged,
            intake.ReportSplit,
            intake.ReportRated,
            intake.ReportCorrected,
        ),
        subscribers=("routing", "subsidies", "notify"),
    ),
    Topic(
        "intake.sessions",
        owner="intake",
        key="session id",
        events=(intake.SessionHeld,),
        subscribers=("routing",),
        classification="internal",  # it tells what a member of the staff did, and when
    ),
    Topic(
        "intake.mails",
        owner="intake",
        key="mail id",
        events=(intake.MailReceived,),
        subscribers=("notify",),
        classification="internal",  # it tells that somebody wrote, before there is a report
    ),
    Topic(
        "routing.cases",
        owner="routing",
        key="report id",
        events=(
            routing.CaseOpened,
            routing.CaseHeld,
            routing.CaseEscalated,
            routing.CaseResolved,
            routing.CaseReassigned,
            routing.CaseHandedOff,
            routing.CaseReopened,
            routing.CaseMerged,
            routing.CaseSplit,
            routing.CaseRaised,
            routing.CaseCorrected,
        ),
        subscribers=("intake", "notify"),
    ),
    Topic(
        "subsidies.applications",
        owner="subsidies",
        key="application id",
        classification="internal",
        subscribers=("notify",),
        events=(
            subsidies.DocumentsRequested,
            subsidies.ApplicationSubmitted,
            subsidies.SubsidyGranted,
            subsidies.SubsidyRefused,
            subsidies.SubsidyWaitlisted,
            subsidies.DecisionAnnulled,
        ),
    ),
    Topic("subsidies.measures", owner="subsidies", key="budget", events=(subsidies.BudgetExhausted,)),
    Topic(
        "notify.messages",
        owner="notify",
        key="report id",
        events=(notify.MessageSent, notify.MessageFailed, notify.MessageSuppressed),
    ),
    Topic(
        "ops.stalls",
        owner=EVERY_CONSUMER,
        key="stall id",
        classification="internal",
        partitions=3,
        events=(ops.KeyStalled, ops.KeyResumed),
    ),
)

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}
BY_TYPE: dict[str, type[Event]] = {event.type_tag: event for topic in TOPICS for event in topic.events}


def dead_letter_topic(topic: str, consumer: str) -> str:
    """The topic to which a consumer mirrors the records of another topic that it has parked."""
    return f"{topic}.dlq.{consumer}"
