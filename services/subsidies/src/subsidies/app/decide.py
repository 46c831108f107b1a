"""Decides what an officer has seen in a preview and confirmed: a first decision, or one that annuls the decision in force."""

from dataclasses import dataclass

from chassis.service import Answer
from subsidies.app.application_data import ApplicationData
from subsidies.app.desk import Desk
from subsidies.app.preview import (
    CorrectionRequest,
    Preview,
    preview_correction,
    preview_decision,
)
from subsidies.domain.reproduction import content_digest
from subsidies.handlers.annul_decision import AnnulDecision
from subsidies.handlers.documents import APPLICATIONS, DECISIONS, decision_of
from subsidies.handlers.submit_application import SubmitApplication
from subsidies.handlers.take_decision import DecisionCommand, preview_outdated
from subsidies.queries.views import OutcomeView, outcome_view


@dataclass(frozen=True)
class Confirmation:
    """What an officer confirms: the fingerprint of the preview; a repeated `command_id` decides nothing again."""

    fingerprint: str
    command_id: str


async def decide(
    desk: Desk, application_id: str, data: ApplicationData, confirmation: Confirmation
) -> OutcomeView:
    """Take the previewed decision; raises Refused 409 when it would no longer be the one that was confirmed."""
    preview = await preview_decision(desk, application_id, data)
    fields = preview.basis.command_fields(desk.encryption, application_id)
    command = SubmitApplication(**fields, expected=content_digest(preview.explanation, fields["salt"]))
    return outcome_view((await _run(desk, command, preview, confirmation)).body)


async def correct(
    desk: Desk,
    application_id: str,
    data: ApplicationData,
    request: CorrectionRequest,
    confirmation: Confirmation,
) -> OutcomeView:
    """Annul the decision in force and take the previewed one; raises Refused as its preview, and 409 when that is outdated."""
    preview = await preview_correction(desk, application_id, data, request)
    if preview.annulled is None:
        raise preview_outdated()
    annulments = preview.basis.application.annulments
    owner = decision_of(application_id, annulments + 1)
    fields = preview.basis.command_fields(desk.encryption, owner, request.note)
    command = AnnulDecision(
        **fields,
        expected=content_digest(preview.explanation, fields["salt"]),
        annulments=annulments,
        released=preview.annulled.budget,
        procedure=desk.procedure,
        reason=request.reason,
        note=request.note,
    )
    return outcome_view((await _run(desk, command, preview, confirmation)).body)


async def was_taken_by(desk: Desk, application_id: str, command_id: str) -> bool:
    """Whether the decision in force was taken by this command: the form was sent a second time."""
    application = await desk.context.load(APPLICATIONS, application_id)
    if application is None or application.decision_id is None:
        return False
    record = await desk.context.load(DECISIONS, application.decision_id)
    return record is not None and record.cause.endswith(f":{command_id}")


async def _run(desk: Desk, command: DecisionCommand, preview: Preview, confirmation: Confirmation) -> Answer:
    if preview.fingerprint != confirmation.fingerprint:
        raise preview_outdated()
    return await desk.context.run(
        command,
        id=confirmation.command_id,
        key=command.application_id,
        correlation=preview.basis.application.report_id,
        fingerprint=f"{command.application_id}/{confirmation.fingerprint}",
    )
