"""CSRF protection of forms: signed double-submit tokens."""

import hmac
import secrets

from fastapi import Request, Response

COOKIE = "modulo"


class CsrfTokens:
    """Signs a token for a browser's cookie, or for its session, and verifies the token that a form sends back."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"ascolto/forms", "sha256")

    def token(self, browser: str) -> str:
        """The token of the forms that this browser is shown."""
        return hmac.digest(self._key, browser.encode(), "sha256").hex()

    def fits(self, browser: str, token: str) -> bool:
        """Whether the token was signed for this browser; takes constant time."""
        return bool(browser) and hmac.compare_digest(self.token(browser).encode(), token.encode())


class Visit:
    """One request for a public page; a random cookie without personal data recognises the browser."""

    def __init__(self, csrf: CsrfTokens, request: Request) -> None:
        known = request.cookies.get(COOKIE, "")
        self._browser = known if len(known) == 32 and known.isalnum() else secrets.token_hex(16)
        self._csrf, self._fresh = csrf, self._browser != known
        self._secure = request.url.scheme == "https"

    @property
    def browser(self) -> str:
        """The value of the cookie: a secret of this browser."""
        return self._browser

    @property
    def token(self) -> str:
        """The CSRF token for a form on the page of this response."""
        return self._csrf.token(self._browser)

    def accepts(self, token: str) -> bool:
        """Whether a form with this token was shown to this browser."""
        return not self._fresh and self._csrf.fits(self._browser, token)

    def remember(self, response: Response) -> None:
        """Set the cookie on the response when the request had none; it ends with the browser's session."""
        if self._fresh:
            response.set_cookie(COOKIE, self._browser, httponly=True, samesite="lax", secure=self._secure)
