"""Who may send reports through Open311: keys are checked, and their requests counted."""

import hmac
from math import ceil

from chassis.errors import Refused
from chassis.web import Rates
from intake.domain.api_keys import ApiKey, Open311, hash_of

HEADER = "X-Api-Key"
DEVELOPMENT = "development"


def development_key(secret: bytes) -> str:
    """The key that a development system accepts beside those in its file: derived from its secret, so it is in no file."""
    return f"o311-{hmac.digest(secret, b'ascolto/intake/open311-development', 'sha256').hex()}"


def development_keys(settings: Open311, secret: bytes) -> Open311:
    """The settings with the development key."""
    key = ApiKey(DEVELOPMENT, "whoever runs this system", hash_of(development_key(secret)), per_minute=6000)
    return Open311(settings.jurisdiction, (*settings.keys, key))


class ApiKeys:
    """Admits requests with a key; each process counts for itself."""

    def __init__(self, keys: tuple[ApiKey, ...]) -> None:
        self._keys = {key.sha256: key for key in keys if not key.revoked}
        self._rates = {key.name: Rates(key.per_minute / 60, key.per_minute) for key in keys}

    def admit(self, presented: str) -> ApiKey:
        """The program with this key; raises Refused: 403 without a valid key, 429 with Retry-After above its limit."""
        key = self._keys.get(hash_of(presented))
        if key is None:
            what = "Invalid api_key received" if presented else "Missing api_key"
            raise Refused(
                "no-api-key",
                f"{what}: a key is needed to send a report.",
                403,
                "api_key",
                f"Send the key in the form field api_key or in the header {HEADER}; discovery says who gives keys.",
            )
        wait = self._rates[key.name].take(key.name)
        if wait:
            seconds = str(ceil(wait))
            raise Refused(
                "too-many-requests",
                f"This key may send {key.per_minute} reports a minute.",
                429,
                fix=f"Send it again in {seconds} seconds.",
                headers={"Retry-After": seconds},
            )
        return key
