"""The headers of a page."""

# A page may use our own styles and send forms to us; scripts and inline code are forbidden.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
