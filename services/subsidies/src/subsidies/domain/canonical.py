"""Canonical JSON and the digests that are computed over it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(body: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys and no white space: equal bodies have equal bytes."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(explanation: Mapping[str, Any], salt: str) -> str:
    """SHA-256 of a salt and an explanation; the salt is encrypted with the data, so the digest reveals no value."""
    return hashlib.sha256(salt.encode() + canonical(explanation)).hexdigest()
