"""Forms: a page's form carries a word that only this service can make, for the browser that it showed the page to."""

import hmac
import secrets

from fastapi import Request, Response

COOKIE = "modulo"


class Forms:
    """Seals forms (signed double submit): the seal in the form has to fit the browser's cookie, or its session."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"ascolto/forms", "sha256")

    def seal(self, browser: str) -> str:
        """The word that goes into a form shown to this browser."""
        return hmac.digest(self._key, browser.encode(), "sha256").hex()

    def fits(self, browser: str, seal: str) -> bool:
        """Whether the form that came back was shown to this browser, in constant time."""
        return bool(browser) and hmac.compare_digest(self.seal(browser).encode(), seal.encode())


class Visit:
    """One browser's visit to a page that anybody may open: known again by a cookie that says nothing about who uses it."""

    def __init__(self, forms: Forms, request: Request) -> None:
        known = request.cookies.get(COOKIE, "")
        self._browser = known if len(known) == 32 and known.isalnum() else secrets.token_hex(16)
        self._forms, self._fresh = forms, self._browser != known
        self._secure = request.url.scheme == "https"

    @property
    def browser(self) -> str:
        """What only this browser sends: a secret."""
        return self._browser

    @property
    def seal(self) -> str:
        """The word for a form on the page that is answered."""
        return self._forms.seal(self._browser)

    def made_here(self, seal: str) -> bool:
        """Whether a form that came was shown to this very browser."""
        return not self._fresh and self._forms.fits(self._browser, seal)

    def remember(self, response: Response) -> None:
        """Give the browser its word, until it is closed."""
        if self._fresh:
            response.set_cookie(COOKIE, self._browser, httponly=True, samesite="lax", secure=self._secure)
