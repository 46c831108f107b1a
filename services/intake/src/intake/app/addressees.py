"""Whom messages about a waiting item are addressed to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.service import ServiceContext
from intake.app.contents import Contents
from intake.domain.drafts import Contact
from intake.handlers.documents import PRIVATE
from intake.queries.waiting import waiting_item


@dataclass(frozen=True)
class Addressee:
    """The contact in a waiting item, or None when it was erased, and its language."""

    contact: Contact | None
    language: str


async def addressees(
    context: ServiceContext, contents: Contents, item_ids: Sequence[str]
) -> Mapping[str, Addressee]:
    """The addressees of these waiting items; ids without one are left out."""
    found = {}
    for item_id in item_ids:
        if (item := await waiting_item(context, item_id)) is not None:
            sealed = await context.load(PRIVATE, item_id)
            content = contents.opened(sealed)
            found[item_id] = Addressee(content.contact if content else None, item.language)
    return found
