"""Tracking codes and PINs: derived from a report's id with the service's secret.

A report always has the same code, and the same PIN until it gets a new one.
"""

import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any

from intake.domain.drafts import Draft

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_READ_AS = str.maketrans("OIL", "011")
_CODE = re.compile(f"[{_ALPHABET}]{{10}}")
_canonical = json.JSONEncoder(sort_keys=True).encode


class TrackingCodes:
    """Derives and verifies tracking codes, PINs and hashes with keys from the service's secret; PINs are never stored."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError(
                "the secret of intake has less than 16 bytes: write 32 random bytes in hexadecimal to its file"
            )
        self._code, self._pin, self._check, self._body, self._sender, self._device, self._counted = (
            hmac.digest(secret, b"ascolto/intake/" + use, "sha256")
            for use in (b"code", b"pin", b"check", b"body", b"sender", b"device", b"counted")
        )
        self._import = import_key(secret)

    def code(self, report_id: str) -> str:
        """The tracking code of a report: ten characters, like ABCDE-FGHJK; 50 bits, all values equally likely."""
        number = int.from_bytes(hmac.digest(self._code, report_id.encode(), "sha256")[:8])
        letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(0, 50, 5))
        return f"{letters[:5]}-{letters[5:]}"

    def pin(self, report_id: str, nonce: str | None = None) -> str:
        """The PIN of a report: six digits, 19.9 bits; each nonce gives another one, none gives the first.

        The bias of 64 bits modulo 10^6 is below one part in 10^13.
        """
        derived_from = report_id if nonce is None else f"{report_id}/{nonce}"
        return (
            f"{int.from_bytes(hmac.digest(self._pin, derived_from.encode(), 'sha256')[:8]) % 1_000_000:06d}"
        )

    def pin_hash(self, report_id: str, pin: str) -> str:
        """The stored hash of the PIN; it cannot be searched without the service's secret."""
        return _hashed(self._check, f"{report_id}/{pin}")

    def verifies(self, report_id: str, pin_hash: str, pin: str) -> bool:
        """Whether this PIN belongs to the report; takes constant time."""
        return hmac.compare_digest(self.pin_hash(report_id, read_pin(pin)), pin_hash)

    def sender_hash(self, report_id: str, sender: str) -> str:
        """The stored hash of the sender's secret."""
        return _keyed(self._sender, report_id, sender)

    def is_sender(self, report_id: str, sender_hash: str | None, sender: str) -> bool:
        """Whether the report was first sent with this secret; takes constant time, and False for a report without a hash."""
        return hmac.compare_digest(self.sender_hash(report_id, sender), sender_hash or "")

    def device_proof(self, code: str, device: str) -> str:
        """The proof that a device has known the PIN of a code: 64 bits of an HMAC."""
        return _keyed(self._device, code, device)[:16]

    def proves_closing(self, report_id: str, closed_at: datetime, cancelled: bool, proof: str) -> bool:
        """Whether this proof comes from an import that has the service's secret; takes constant time."""
        return hmac.compare_digest(closing_proof(self._import, report_id, closed_at, cancelled), proof)

    def proves_import(self, content: bytes, proof: str) -> bool:
        """Whether these rows come from an import that has the service's secret; takes constant time."""
        return hmac.compare_digest(import_proof(self._import, content).encode(), proof.encode())

    def pseudonym(self, *words: str) -> str:
        """A keyed hash that names a counter without revealing the words that it counts."""
        return _keyed(self._counted, *words)

    def fingerprint(self, draft: Draft) -> str:
        """A keyed hash of the draft: equal for equal drafts, and useless for guessing their content.

        A draft without flat and answers has the hash that it had before there were any.
        """
        return _hashed(self._body, _canonical(_compared(draft)))

    def text_fingerprint(self, *words: str) -> str:
        """A keyed hash of texts: equal for equal texts, and useless for guessing them."""
        return _keyed(self._body, *words)


def _compared(draft: Draft) -> dict[str, Any]:
    """What makes two drafts the same; not their closing, which a list that is imported again has and had not before."""
    contact = draft.contact
    body: dict[str, Any] = {
        "category": draft.category,
        "place_id": draft.place_id,
        "description": draft.description,
        "language": draft.language,
        "channel": draft.channel,
        "heard_at": draft.heard_at and draft.heard_at.isoformat(),
        "contact": {"name": contact.name, "email": contact.email, "phone": contact.phone},
        "frail": draft.frail,
    }
    if draft.flat:
        body["flat"] = draft.flat
    if draft.answers:
        body["answers"] = [{"question": one.question, "values": one.values} for one in draft.answers]
    return body


def import_key(secret: bytes) -> bytes:
    """The key of imports, from the service's secret."""
    return hmac.digest(secret, b"ascolto/intake/import", "sha256")


def closing_proof(key: bytes, report_id: str, closed_at: datetime, cancelled: bool) -> str:
    """What proves that a report was closed at this time according to a list that the agency imports."""
    return _keyed(
        key, "cancelled" if cancelled else "closed", report_id, closed_at.astimezone(UTC).isoformat()
    )


def import_proof(key: bytes, content: bytes) -> str:
    """What proves that rows come from an import: a keyed hash of the body that has them."""
    return hmac.digest(key, b"rows\n" + content, "sha256").hex()


def _keyed(key: bytes, *words: str) -> str:
    """A keyed hash of a list of words; the JSON encoding keeps word boundaries."""
    return _hashed(key, json.dumps(words))


def _hashed(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def read_code(written: str) -> str | None:
    """The canonical form of a typed code: any case, O as 0, I and L as 1; None when it is no code."""
    letters = re.sub(r"[\s-]", "", written).upper().translate(_READ_AS)
    return f"{letters[:5]}-{letters[5:]}" if _CODE.fullmatch(letters) else None


def read_pin(written: str) -> str:
    """The canonical form of a typed PIN: without whitespace, at most 20 characters."""
    return "".join(written.split())[:20]
