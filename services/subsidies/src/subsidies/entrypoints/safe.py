"""The safe of the door: seals an application's data, reads them again, and names a body without telling it."""

import hashlib
import hmac
import secrets

from pydantic import TypeAdapter

from chassis.errors import Misuse
from chassis.sealing import Erased, Sealed, Sealer
from subsidies.domain.facts import Facts
from subsidies.entrypoints.application_data import ApplicationData

FORMAT = "1"
# What a decision was taken on is read as it was kept: rules for what may be entered come later, and judge nothing past.
_FACTS = TypeAdapter(Facts)


class Safe:
    """Holds the service's secret; nobody else in the service sees it."""

    def __init__(self, sealer: Sealer, secret: bytes) -> None:
        if len(secret) < 16:
            raise Misuse("the secret of subsidies has less than 16 bytes; write 32 random ones to its file")
        self._sealer = sealer
        self._naming = hmac.digest(secret, b"ascolto/subsidies/body", "sha256")

    def name(self, data: ApplicationData) -> str:
        """SHA-256 of a body under the service's secret: equal for equal bodies, and it gives no value away.

        It is part of the command's id, which travels as `causationid`; a bare hash of few numbers can be guessed.
        """
        return hmac.new(self._naming, data.canonical(), hashlib.sha256).hexdigest()

    def seal(self, application_id: str, data: ApplicationData) -> tuple[Sealed, str]:
        """The data under a key of their own, and the fresh salt that is sealed with them."""
        salt = secrets.token_hex(16)
        fields = {"format": FORMAT, "data": data.canonical().decode(), "salt": salt}
        return self._sealer.seal(application_id, fields), salt

    def open(self, sealed: Sealed) -> tuple[Facts, str] | None:
        """The facts and the salt, or None when they have been erased."""
        try:
            fields = self._sealer.open(sealed)
        except Erased:
            return None
        return _FACTS.validate_json(fields["data"]), fields["salt"]
