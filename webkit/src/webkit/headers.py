"""The headers of a page."""

# A page may use our own styles, fonts and images and send forms to us; inline code, `data:` addresses and other origins are forbidden.
_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {"Content-Security-Policy": _POLICY}
# A page for staff may also run our own scripts, and they may load fragments from us.
STAFF_PAGE_HEADERS = {"Content-Security-Policy": f"{_POLICY}; script-src 'self'; connect-src 'self'"}
