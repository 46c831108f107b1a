"""QR codes as SVG inside a page, without style and script."""

from io import BytesIO
from typing import Any

from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """The QR code of a text; it has no text alternative, so the text must stand beside it."""
    look = {"svgns": False, "omitsize": True, "border": 2, "svgclass": "qr", "lineclass": None}
    svg = _drawn(text, look).strip()
    # Drawn from the modules of the code: the text is not in it.
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" '))  # noqa: S704


def qr_svg(text: str) -> str:
    """The QR code of a text as an SVG image of its own."""
    return _drawn(text, {"border": 2, "scale": 4})


def _drawn(text: str, look: dict[str, Any]) -> str:
    import segno  # noqa: PLC0415 - nobody waits for it when a service starts

    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, **look)
    return drawn.getvalue().decode()
