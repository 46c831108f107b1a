"""Reproduces a decision from the encrypted data and the stored rule pack."""

from chassis.errors import Refused
from chassis.service import ServiceContext
from subsidies.app.encryption import ApplicationDataEncryption, DecryptedData
from subsidies.domain.canonical import digest_of
from subsidies.domain.reproduction import reproduce
from subsidies.handlers.documents import (
    APPLICATIONS,
    DECISIONS,
    PACKS,
    PRIVATE,
    decision_of,
    private_of,
)
from subsidies.queries.views import DecisionView, decision_view


async def reproduce_decision(
    context: ServiceContext,
    encryption: ApplicationDataEncryption,
    application_id: str,
    number: int | None = None,
) -> DecisionView:
    """A decision on an application, computed again; the one in force unless `number` names an earlier one, from 1.

    Raises Refused 404 when there is no such decision. `reproduced` tells whether the explanation has the recorded digest,
    which means the same bytes. When the data are erased, the view has no explanation.
    """
    annulments = number - 1 if number is not None else await _annulments(context, application_id)
    record = await context.load(DECISIONS, decision_of(application_id, annulments))
    if record is None:
        raise Refused("no-decision", "This application is not decided.", 404, fix="Enter its data first.")
    pack = await context.load(PACKS, record.pack_hash)
    opened = await decrypted_data(context, encryption, application_id, annulments)
    if opened is None or pack is None:
        return decision_view(record, None, None)
    explanation = reproduce(record, pack.text, opened.facts, opened.note)
    return decision_view(record, explanation, digest_of(explanation, opened.salt) == record.digest)


async def decrypted_data(
    context: ServiceContext, encryption: ApplicationDataEncryption, application_id: str, annulments: int
) -> DecryptedData | None:
    """The data of the decision after this number of annulments; None when there are none or they are erased."""
    private = await context.load(PRIVATE, private_of(application_id, annulments))
    return None if private is None else encryption.decrypt(private.sealed)


async def _annulments(context: ServiceContext, application_id: str) -> int:
    application = await context.load(APPLICATIONS, application_id)
    return 0 if application is None else application.annulments
