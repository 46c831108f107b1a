"""Reproduces a decision from the encrypted data and the stored rule pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.errors import Refused
from chassis.service import ServiceContext
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.domain.canonical import digest_of
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.reproduction import reproduce
from subsidies.handlers.documents import DECISIONS, PACKS, PRIVATE, decision_of


@dataclass(frozen=True)
class ReproducedDecision:
    """A decision with its explanation; both `explanation` and `matches` are None when the data are erased.

    `matches` tells whether the reproduction has the digest of the record, which means the same bytes.
    """

    record: DecisionRecord
    explanation: Mapping[str, Any] | None = None
    matches: bool | None = None


async def reproduce_decision(
    context: ServiceContext, encryption: ApplicationDataEncryption, application_id: str
) -> ReproducedDecision:
    """The decision of an application, computed again; raises Refused 404 when it is not decided."""
    record = await context.load(DECISIONS, decision_of(application_id))
    if record is None:
        raise Refused("no-decision", "This application is not decided.", 404, fix="Enter its data first.")
    private = await context.load(PRIVATE, application_id)
    pack = await context.load(PACKS, record.pack_hash)
    data = encryption.decrypt(private.sealed) if private is not None else None
    if data is None or pack is None:
        return ReproducedDecision(record)
    facts, salt = data
    explanation = reproduce(record, pack.text, facts)
    return ReproducedDecision(record, explanation, digest_of(explanation, salt) == record.digest)
