"""Reproduces a decision from the encrypted data and the stored rule pack."""

from chassis.errors import Refused
from chassis.service import ServiceContext
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.domain.canonical import digest_of
from subsidies.domain.reproduction import reproduce
from subsidies.handlers.documents import DECISIONS, PACKS, PRIVATE, decision_of
from subsidies.queries.views import DecisionView, decision_view


async def reproduce_decision(
    context: ServiceContext, encryption: ApplicationDataEncryption, application_id: str
) -> DecisionView:
    """The decision of an application, computed again; raises Refused 404 when it is not decided.

    `reproduced` tells whether the explanation has the recorded digest, which means the same bytes. When the data are
    erased, the view has no explanation.
    """
    record = await context.load(DECISIONS, decision_of(application_id))
    if record is None:
        raise Refused("no-decision", "This application is not decided.", 404, fix="Enter its data first.")
    private = await context.load(PRIVATE, application_id)
    pack = await context.load(PACKS, record.pack_hash)
    data = encryption.decrypt(private.sealed) if private is not None else None
    if data is None or pack is None:
        return decision_view(record, None, None)
    facts, salt = data
    explanation = reproduce(record, pack.text, facts)
    return decision_view(record, explanation, digest_of(explanation, salt) == record.digest)
