"""The headers of a page."""

from urllib.parse import urlsplit

# A page may use our own styles, fonts and images and send forms to us; inline code, `data:` addresses and other origins are forbidden.
_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SCRIPTS = "script-src 'self'; connect-src 'self'"
PAGE_HEADERS = {"Content-Security-Policy": _POLICY}
# Of a public page that works without scripts and has one of ours that loads parts of it again.
SCRIPTED_PAGE_HEADERS = {"Content-Security-Policy": f"{_POLICY}; {_SCRIPTS}"}

# Of an app that works without a network: it may also be installed, and its service worker may fetch from us.
APP_HEADERS = {
    "Content-Security-Policy": f"{_POLICY}; {_SCRIPTS}; worker-src 'self'; manifest-src 'self'",
}


def staff_page_headers(issuer: str) -> dict[str, str]:
    """The headers of a page for staff: it may also run our own scripts, and they may load fragments from us.

    A form may lead to the issuer, because one sent without a session is redirected to the login there."""
    place = urlsplit(issuer)
    forms = f"form-action 'self' {place.scheme}://{place.netloc}"
    policy = _POLICY.replace("form-action 'self'", forms)
    return {"Content-Security-Policy": f"{policy}; {_SCRIPTS}"}
