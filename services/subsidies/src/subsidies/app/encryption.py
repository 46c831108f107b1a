"""Encrypts the data of applications, decrypts them, and computes their keyed fingerprint."""

import hashlib
import hmac
import secrets

from pydantic import TypeAdapter

from chassis.errors import Misuse
from chassis.sealing import Erased, Sealed, Sealer
from subsidies.app.application_data import ApplicationData
from subsidies.domain.facts import Facts

FORMAT = "1"
LEAST_SECRET_BYTES = 16
# Stored data are read as facts, without the rules for new data: a later rule must not invalidate a past decision.
_FACTS = TypeAdapter(Facts)


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
        return hmac.new(self._fingerprint_key, data.canonical(), hashlib.sha256).hexdigest()

    def encrypt(self, application_id: str, data: ApplicationData) -> tuple[Sealed, str]:
        """The data under a new key, and the new salt of the decision's digest, which is encrypted with them."""
        salt = secrets.token_hex(16)
        fields = {"format": FORMAT, "data": data.canonical().decode(), "salt": salt}
        return self._sealer.seal(application_id, fields), salt

    def decrypt(self, sealed: Sealed) -> tuple[Facts, str] | None:
        """The facts and the salt; None when the data are erased."""
        try:
            fields = self._sealer.open(sealed)
        except Erased:
            return None
        return _FACTS.validate_json(fields["data"]), fields["salt"]
