"""Keeps what an officer has typed for an application, as it was typed, until it is decided."""

from collections.abc import Mapping

from chassis.ids import uuid7
from subsidies.app.desk import Desk
from subsidies.handlers.documents import DRAFTS
from subsidies.handlers.save_draft import SaveDraft


async def save_draft(desk: Desk, application_id: str, typed: Mapping[str, str]) -> None:
    """Encrypt and keep what was typed; raises Refused when the application does not exist or is withdrawn."""
    sealed = desk.encryption.encrypt_draft(application_id, typed)
    await desk.context.run(
        SaveDraft(application_id, sealed), id=str(uuid7(desk.context.clock())), key=application_id
    )


async def read_draft(desk: Desk, application_id: str) -> dict[str, str] | None:
    """What was typed last; None when nothing is under way or it is erased."""
    draft = await desk.context.load(DRAFTS, application_id)
    if draft is None or draft.sealed is None:
        return None
    return desk.encryption.decrypt_draft(draft.sealed)
