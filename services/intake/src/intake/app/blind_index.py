"""Keyed hashes of contacts: equal for the same person's name, phone or e-mail address, and useless without the key."""

import hmac

from intake.domain.drafts import Contact
from intake.domain.lookups import email_key, name_key, phone_key

_BYTES = 16  # 128 bits: two people share a hash by chance never


class BlindIndex:
    """Computes the hashes with keys of their own from the service's secret; docs/decisions/0043 says what they reveal."""

    def __init__(self, secret: bytes) -> None:
        self._name, self._phone, self._email = (
            hmac.digest(secret, b"ascolto/intake/lookup/" + use, "sha256")
            for use in (b"name", b"phone", b"email")
        )

    def of(self, contact: Contact) -> tuple[str, ...]:
        """The hashes of a contact, in a stable order; none for what it has not."""
        found = (
            self.name(contact.name or ""),
            self.phone(contact.phone or ""),
            self.email(contact.email or ""),
        )
        return tuple(one for one in found if one is not None)

    def name(self, typed: str) -> str | None:
        """The hash of a name."""
        return _hash(self._name, name_key(typed))

    def phone(self, typed: str) -> str | None:
        """The hash of a phone number."""
        return _hash(self._phone, phone_key(typed))

    def email(self, typed: str) -> str | None:
        """The hash of an e-mail address."""
        return _hash(self._email, email_key(typed))


def _hash(key: bytes, normalized: str) -> str | None:
    return hmac.digest(key, normalized.encode(), "sha256")[:_BYTES].hex() if normalized else None
