"""Sheets as PDF: nothing that somebody wrote is a command of the layout, and a long text stays on the paper."""

from html import escape

import pytest
from tests.intake.conftest import NOON

from intake.adapters.sheets import pdf_of

TRICKS = '#panic("no") $x^2$ [*b*] <a> & "q" \\ // /* @ref #{1+1} ```raw```'
ARABIC = "زيارة إلى منزلك، 上门拜访, Ґанок"


@pytest.mark.parametrize("words", [TRICKS, ARABIC, "parola " * 500, "x" * 4000])
async def test_a_sheet_takes_any_text_and_has_the_same_bytes_again(words: str) -> None:
    said = escape(words)
    sheet = (
        f'<sheet lang="ar" dir="rtl" title="{said}"><h2>{said}</h2><p>{said}</p>'
        f'<li><strong>{said}</strong> <bdi>{said}</bdi> <bdi dir="ltr">035 000000</bdi></li></sheet>'
    )

    paper = await pdf_of(sheet, NOON)

    assert paper.startswith(b"%PDF")
    assert paper == await pdf_of(sheet, NOON)
