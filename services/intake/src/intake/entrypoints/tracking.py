"""The slip: a tracking code and a PIN that only this service can make, the same each time for the same report."""

import hashlib
import hmac
import json
import re
from dataclasses import asdict

from intake.domain.drafts import Draft

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_READ_AS = str.maketrans("OIL", "011")
_CODE = re.compile(f"[{_ALPHABET}]{{10}}")


class Slips:
    """Makes and checks codes and PINs with keys derived from the service's secret; PINs are never stored."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the secret of intake has less than 16 bytes; write 32 random ones to its file")
        self._code, self._pin, self._check, self._body, self._sender, self._device, self._counted = (
            hmac.digest(secret, b"ascolto/intake/" + use, "sha256")
            for use in (b"code", b"pin", b"check", b"body", b"sender", b"device", b"counted")
        )

    def code(self, report_id: str) -> str:
        """The tracking code of a report: ten characters, like ABCDE-FGHJK; 50 bits, all values equally likely."""
        number = int.from_bytes(hmac.digest(self._code, report_id.encode(), "sha256")[:8])
        letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(0, 50, 5))
        return f"{letters[:5]}-{letters[5:]}"

    def pin(self, report_id: str) -> str:
        """The PIN of a report: six digits, 19.9 bits.

        Of 64 bits modulo 10^6 no PIN is more likely than another by more than one part in 10^13: as good as uniform.
        """
        return f"{int.from_bytes(hmac.digest(self._pin, report_id.encode(), 'sha256')[:8]) % 1_000_000:06d}"

    def pin_hash(self, report_id: str, pin: str) -> str:
        """What is stored instead of the PIN; it says nothing without the service's secret."""
        return hmac.new(self._check, f"{report_id}/{pin}".encode(), hashlib.sha256).hexdigest()

    def opens(self, report_id: str, pin_hash: str, pin: str) -> bool:
        """Tells whether this PIN belongs to the report, in constant time."""
        return hmac.compare_digest(self.pin_hash(report_id, read_pin(pin)), pin_hash)

    def sender_hash(self, report_id: str, sender: str) -> str:
        """What is stored of the secret that a report was sent with."""
        return _keyed(self._sender, report_id, sender)

    def sent_by(self, report_id: str, sender_hash: str | None, sender: str) -> bool:
        """Tells whether the report was first sent with this secret, in constant time; never of a report without a hash."""
        return hmac.compare_digest(self.sender_hash(report_id, sender), sender_hash or "")

    def device_proof(self, code: str, device: str) -> str:
        """What shows that a device knew the PIN of a code once: 64 bits that only this service can make."""
        return _keyed(self._device, code, device)[:16]

    def pseudonym(self, *words: str) -> str:
        """A name for these words under which something can be counted and from which they cannot be read."""
        return _keyed(self._counted, *words)

    def fingerprint(self, draft: Draft) -> str:
        """What two bodies share only when they ask for the same; keyed, so that nothing can be guessed from it."""
        body = asdict(draft) | {"heard_at": draft.heard_at and draft.heard_at.isoformat()}
        return hmac.new(self._body, json.dumps(body, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _keyed(key: bytes, *words: str) -> str:
    """A keyed hash of a list of words, in which none can pass for two."""
    return hmac.new(key, json.dumps(words).encode(), hashlib.sha256).hexdigest()


def read_code(written: str) -> str | None:
    """The code that somebody wrote by hand: any case, O for 0, I or L for 1; None when it can be no code."""
    letters = re.sub(r"[\s-]", "", written).upper().translate(_READ_AS)
    return f"{letters[:5]}-{letters[5:]}" if _CODE.fullmatch(letters) else None


def read_pin(written: str) -> str:
    """The PIN that somebody wrote by hand, without blanks."""
    return "".join(written.split())[:20]
