"""The device cookie: a browser that has known the PIN of a code gets a PIN attempt budget of its own."""

import re
import secrets

from fastapi import Request, Response

from chassis.web import client_of
from intake.app.attempts import Caller
from intake.app.tracking_codes import TrackingCodes, read_code

COOKIE = "ricevute"
MOST_CODES = 20
MAX_AGE_SECONDS = 365 * 86_400
_FORM = re.compile(rf"[0-9a-f]{{32}}(\.[0-9a-f]{{16}}){{0,{MOST_CODES}}}")


class Device:
    """The browser of a request: a random name, and a proof for each of the last 20 codes whose PIN it has known.

    The cookie contains no code and gives no access without the PIN.
    """

    def __init__(self, codes: TrackingCodes, request: Request) -> None:
        known = request.cookies.get(COOKIE, "")
        name, *proofs = known.split(".") if _FORM.fullmatch(known) else (secrets.token_hex(16),)
        self._codes, self._name, self._proofs = codes, name, proofs
        self._network = network_of(request)
        self._secure = request.url.scheme == "https"

    def caller(self, typed_code: str) -> Caller:
        """The caller of a request for this code, with the device if it has known the code's PIN before."""
        proof = self._codes.device_proof(read_code(typed_code) or "", self._name)
        return Caller(self._network, device=self._name if proof in self._proofs else None)

    def remember(self, response: Response, code: str) -> None:
        """Set the cookie with a proof for this code; it lasts a year."""
        proof = self._codes.device_proof(code, self._name)
        proofs = [proof, *(one for one in self._proofs if one != proof)][:MOST_CODES]
        response.set_cookie(
            COOKIE,
            ".".join((self._name, *proofs)),
            max_age=MAX_AGE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )


def network_of(request: Request) -> str:
    """The network of a request: an IPv4 address, or the /64 prefix of an IPv6 address."""
    return client_of(request.client.host if request.client else "")
