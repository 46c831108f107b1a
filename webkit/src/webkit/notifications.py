"""Notifications: what a form has done, told once on the page after the redirect."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response

from chassis.clock import Clock

COOKIE = "avviso"
SECONDS = 120


@dataclass(frozen=True)
class Notification:
    """A result by its code, with values for its text; `again` when it was the result of an earlier request.

    The values are in a cookie, so they are codes, never personal data.
    """

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    again: bool = False


class Notifications:
    """Signs a notification into a cookie, so that an address alone can claim no success."""

    def __init__(self, secret: bytes, path: str, clock: Clock) -> None:
        self._key = hmac.digest(secret, b"ascolto/notifications", "sha256")
        self._path, self._clock = path, clock

    def put(self, response: Response, request: Request, notification: Notification) -> None:
        """Set the cookie on the redirect after a form."""
        until = int(self._clock().timestamp()) + SECONDS
        row = [notification.code, dict(notification.values), notification.again, until]
        said = base64.urlsafe_b64encode(json.dumps(row).encode()).decode().rstrip("=")
        response.set_cookie(
            COOKIE,
            f"{said}.{self._sign(said)}",
            max_age=SECONDS,
            path=self._path,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def take(self, request: Request) -> Notification | None:
        """The notification of a request, if it was signed by this service and is recent."""
        said, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(said).encode()):
            return None
        code, values, again, until = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        return Notification(code, values, again) if self._clock().timestamp() < until else None

    def clear(self, response: Response) -> None:
        """Delete the cookie on the page that has shown it."""
        response.delete_cookie(COOKIE, path=self._path)

    def _sign(self, said: str) -> str:
        return hmac.digest(self._key, said.encode(), "sha256").hex()
