"""Checks whether an application can be decided on these facts; every failure is a Refused with its fix."""

from datetime import date

from chassis.errors import Refused
from subsidies.domain.applications import Application, Status
from subsidies.domain.days import day_in_italy
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Outcome
from subsidies.domain.equivalence_scale import base_hundredths
from subsidies.domain.facts import Facts
from subsidies.domain.packs import Pack
from subsidies.domain.procedure import LegalReason, Procedure


def known(application: Application | None) -> Application:
    """The application; raises Refused 404 when it does not exist."""
    if application is None:
        raise Refused("unknown-application", "There is no application with this id.", 404, "application_id")
    return application


def undecided(application: Application | None) -> Application:
    """The application; raises Refused 404 when it does not exist and 409 when it is decided or withdrawn."""
    found = known(application)
    if found.status is Status.DECIDED:
        raise Refused(
            "already-decided",
            "This application has been decided on other data.",
            fix="Read its decision; a decision can only be challenged or revoked.",
        )
    if found.status is Status.WITHDRAWN:
        raise Refused("application-withdrawn", "The applicant has withdrawn this application.")
    return found


def in_force(application: Application | None, annulments: int) -> Application:
    """The application while its decision is the one after this number of annulments; raises Refused 404 or 409."""
    found = known(application)
    if found.status is not Status.DECIDED:
        raise Refused("not-decided", "This application has no decision that could be annulled.")
    if found.annulments != annulments:
        raise Refused(
            "decision-replaced",
            "This decision has been annulled and replaced.",
            fix="Read the decision in force.",
        )
    return found


def check_annulment(procedure: Procedure, code: str, annulled: DecisionRecord, today: date) -> LegalReason:
    """The reason for which a decision can be annulled today; raises Refused when there is none or its term is over."""
    reason = procedure.reason(code)
    if reason is None:
        codes = ", ".join(one.code for one in procedure.reasons)
        raise Refused("unknown-reason", "There is no such reason.", 422, "reason", f"Write one of {codes}.")
    granted = annulled.outcome is Outcome.GRANTED
    last = procedure.last_day(reason, granted, day_in_italy(annulled.decided_at))
    if last is not None and today > last:
        raise Refused(
            "annulment-term-over",
            f"A grant could be annulled until {last.isoformat()} ({procedure.annulment_legal}).",
            fix="Only a false statement that a court has found has no term.",
        )
    return reason


def check_facts(pack: Pack, facts: Facts) -> None:
    """Raise Refused 422 when the pack has no such track, or the attested scale is below the household's base scale."""
    tracks = [track.code for track in pack.tracks]
    if facts.track is not None and facts.track not in tracks:
        raise Refused(
            "unknown-track",
            "The measure has no such track.",
            422,
            "track",
            f"Write one of {', '.join(tracks)}.",
        )
    least = base_hundredths(pack.scale, facts.household.members)
    if facts.attestation.se_hundredths < least:
        raise Refused(
            "scale-too-low",
            f"A household of {facts.household.members} has a scale of at least {least} hundredths.",
            422,
            "attestation.se_hundredths",
            "Write the attested scale times 100, or correct household.members.",
        )
