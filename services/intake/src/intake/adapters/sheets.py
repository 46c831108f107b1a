"""Sheets of paper as PDF, by Typst: tagged for screen readers (PDF/UA-1), with fonts for all eight languages."""

import asyncio
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import fontpkg_noto_sans
import fontpkg_noto_sans_arabic
import pylopdf_fonts_zh_cn

if TYPE_CHECKING:
    import typst

LAYOUT = Path(str(files("intake"))) / "web" / "print" / "sheet.typ"
# Latin, Greek and Cyrillic; Arabic; simplified Chinese: as Python packages, so that nothing of the system changes a sheet.
FONTS = (fontpkg_noto_sans, fontpkg_noto_sans_arabic, pylopdf_fonts_zh_cn)


async def pdf_of(sheet: str, at: datetime) -> bytes:
    """The PDF of a sheet in XML, created at this time: the same bytes for the same sheet and time."""
    return await asyncio.to_thread(_compiled, sheet, at)


def _compiled(sheet: str, at: datetime) -> bytes:
    import typst  # noqa: PLC0415 - nobody waits for it when a service starts

    made = typst.compile(
        LAYOUT,
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"sheet": sheet},
        pdf_standards="ua-1",
        timestamp=int(at.timestamp()),
    )
    if not isinstance(made, bytes):
        raise TypeError("a sheet is one document")
    return made


@cache
def _fonts() -> "typst.Fonts":
    import typst  # noqa: PLC0415

    folders = [Path(str(files(one))) for one in FONTS]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
