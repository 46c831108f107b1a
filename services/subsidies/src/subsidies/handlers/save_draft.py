"""Keeps what an officer has typed for an application; nothing is decided."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import Change, Moment
from chassis.sealing import Sealed
from subsidies.domain.applications import Application, Status
from subsidies.handlers.check_application import known
from subsidies.handlers.documents import DRAFTS, Draft


@dataclass(frozen=True)
class SaveDraft:
    """Keep these encrypted fields as the draft of an application."""

    application_id: str
    sealed: Sealed


def save_draft(
    command: SaveDraft, application: Application | None, _draft: Draft | None, _moment: Moment
) -> Change:
    """Replace the draft; raises Refused when the application does not exist or is withdrawn."""
    if known(application).status is Status.WITHDRAWN:
        raise Refused("application-withdrawn", "The applicant has withdrawn this application.")
    return Change(write=[DRAFTS.put(Draft(command.application_id, command.sealed))])
