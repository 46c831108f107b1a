"""Browsers that have seen or shown a PIN: a signed cookie gives them guesses of their own, which strangers cannot use up."""

import re
import secrets

from fastapi import Request, Response

from chassis.web import client_of
from intake.entrypoints.attempts import Caller
from intake.entrypoints.tracking import Slips, read_code

COOKIE = "ricevute"
MOST_CODES = 20
MAX_AGE_SECONDS = 365 * 86_400
_FORM = re.compile(rf"[0-9a-f]{{32}}(\.[0-9a-f]{{16}}){{0,{MOST_CODES}}}")


class Device:
    """The browser that asks: a random name, and a proof for each of the last codes that it knew the PIN of.

    The cookie holds no code and opens nothing without the PIN.
    """

    def __init__(self, slips: Slips, request: Request) -> None:
        known = request.cookies.get(COOKIE, "")
        name, *proofs = known.split(".") if _FORM.fullmatch(known) else (secrets.token_hex(16),)
        self._slips, self._name, self._proofs = slips, name, proofs
        self._network = network_of(request)
        self._secure = request.url.scheme == "https"

    def caller(self, written_code: str) -> Caller:
        """Who asks about this code; with the device when it proved itself for the code before."""
        proof = self._slips.device_proof(read_code(written_code) or "", self._name)
        return Caller(self._network, device=self._name if proof in self._proofs else None)

    def remember(self, response: Response, code: str) -> None:
        """Give the browser its proof for this code, for a year."""
        proof = self._slips.device_proof(code, self._name)
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
    """The network that a request comes from: an IPv4 address, or the 64 bits of an IPv6 one."""
    return client_of(request.client.host if request.client else "")
