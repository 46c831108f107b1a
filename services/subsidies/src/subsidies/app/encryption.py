"""Encrypts the data of applications, decrypts them, and computes their keyed fingerprint."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from chassis.errors import Misuse
from chassis.sealing import Erased, Sealed, Sealer
from subsidies.app.application_data import ApplicationData
from subsidies.domain.facts import Facts

FORMAT = "1"
LEAST_SECRET_BYTES = 16
# Stored data are read as facts, without the rules for new data: a later rule must not invalidate a past decision.
_FACTS = TypeAdapter(Facts)


@dataclass(frozen=True)
class DecryptedData:
    """The facts of a decision, the salt of its digest, and the officer's note when it annuls another."""

    facts: Facts
    salt: str
    note: str


class ApplicationDataEncryption:
    """Encryption under the secret of the service; raises Misuse when the secret is shorter than 16 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < LEAST_SECRET_BYTES:
            raise Misuse(
                f"the secret of subsidies has less than {LEAST_SECRET_BYTES} bytes; write 32 random bytes to its file"
            )
        self._sealer = Sealer(secret)
        self._fingerprint_key = hmac.digest(secret, b"ascolto/subsidies/body", "sha256")

    def fingerprint(self, data: ApplicationData) -> str:
        """HMAC-SHA-256 of the data: equal for equal data, and it reveals no value.

        It is part of the command's id, which events carry as `causationid`. A hash without a key could be reversed
        by trying the few possible amounts.
        """
        return self.keyed_hash(data.canonical())

    def keyed_hash(self, content: bytes) -> str:
        """HMAC-SHA-256 of anything that must be recognised and reveal no value."""
        return hmac.new(self._fingerprint_key, content, hashlib.sha256).hexdigest()

    def encrypt(self, owner: str, data: ApplicationData, note: str = "") -> tuple[Sealed, str]:
        """The data and the note under a new key, and the new salt of the decision's digest, which is encrypted with them."""
        salt = secrets.token_hex(16)
        fields = {"format": FORMAT, "data": data.canonical().decode(), "salt": salt}
        return self._sealer.seal(owner, fields | ({"note": note} if note else {})), salt

    def encrypt_draft(self, application_id: str, typed: Mapping[str, str]) -> Sealed:
        """What was typed for an application, under a new key."""
        return self._sealer.seal(f"{application_id}/draft", {"typed": json.dumps(dict(typed))})

    def decrypt_draft(self, sealed: Sealed) -> dict[str, str] | None:
        """What was typed; None when it is erased."""
        try:
            typed: dict[str, str] = json.loads(self._sealer.open(sealed)["typed"])
        except Erased:
            return None
        return typed

    def decrypt(self, sealed: Sealed) -> DecryptedData | None:
        """The facts, the salt and the note; None when the data are erased."""
        try:
            fields = self._sealer.open(sealed)
        except Erased:
            return None
        return DecryptedData(_FACTS.validate_json(fields["data"]), fields["salt"], fields.get("note", ""))
