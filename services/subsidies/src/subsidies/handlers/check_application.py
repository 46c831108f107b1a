"""Checks whether an application can be decided on these facts; every failure is a Refused with its fix."""

from chassis.errors import Refused
from subsidies.domain.applications import Application, Status
from subsidies.domain.equivalence_scale import base_hundredths
from subsidies.domain.facts import Facts
from subsidies.domain.packs import Pack


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
