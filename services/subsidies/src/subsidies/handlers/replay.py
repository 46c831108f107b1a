"""From a pack's text and the facts to the decision and its proof: the same at decision time and ever after."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from subsidies.domain.decision import Circumstances, Decision, decide
from subsidies.domain.explanation import explain
from subsidies.domain.facts import Facts
from subsidies.domain.pack import Pack
from subsidies.domain.reading import read_pack
from subsidies.handlers.documents import DecisionRecord


@lru_cache(maxsize=64)
def pack_of(text: str) -> Pack:
    """The pack that a stored text is; raises BadPack."""
    return read_pack(json.loads(text))


def canonical(body: Mapping[str, Any]) -> bytes:
    """One byte form for equal bodies."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(explanation: Mapping[str, Any], salt: str) -> str:
    """SHA-256 of an explanation behind a salt that is sealed with the data, so that it tells nothing without them."""
    return hashlib.sha256(salt.encode() + canonical(explanation)).hexdigest()


def decide_explained(pack_text: str, facts: Facts, at: Circumstances) -> tuple[Decision, dict[str, Any]]:
    """Decide and explain in one go."""
    pack = pack_of(pack_text)
    decision = decide(pack, facts, at)
    return decision, explain(pack, facts, at, decision)


def replay(record: DecisionRecord, pack_text: str, facts: Facts) -> dict[str, Any]:
    """The explanation of a past decision, computed again from the pack and the facts it was taken on."""
    at = Circumstances(
        measure=record.measure,
        budget=record.budget,
        pack_hash=record.pack_hash,
        notice_on=date.fromisoformat(record.notice_on),
        submitted_on=date.fromisoformat(record.submitted_on),
        available_cents=record.available_cents,
    )
    return decide_explained(pack_text, facts, at)[1]
