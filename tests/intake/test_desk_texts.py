"""Every code that the staff pages show has its Italian words."""

import pytest

from intake.domain.categories import Kind
from intake.domain.entries import EntryKind
from intake.domain.identity_checks import IdentityCheck
from intake.domain.readers import Part
from intake.queries.receipts import MADE, SHOWN
from webkit.i18n import Texts

ERRORS = (
    *(f"{kind}-{fault}" for kind in (EntryKind.NOTE, EntryKind.ANSWER) for fault in ("missing", "too-long")),
    *("unknown-category", "unknown-place", "description-missing", "description-too-long", "unreadable-text"),
    *("contact-name", "contact-email", "contact-phone", "unknown-language", "call-112", "id-reused"),
    *("too-many-entries", "check-missing", "code-missing", "code-unknown", "code-unreadable"),
)
NOTICES = (
    *(
        "no-such-report",
        "not-your-report",
        "no-such-receipt",
        "receipt-gone",
        "report-ended",
        "report-erased",
    ),
    *("not-allowed", "not-logged-in", "unsealed", "unavailable", "invalid"),
)
CODES = {
    "category-group": tuple(Kind),
    "desk-crumb": ("reports",),
    "desk-error": ERRORS,
    "done": ("note-added", "answer-written", "pin-renewed", "report-made", "again"),
    "identity-check": tuple(IdentityCheck),
    "notice": NOTICES,
    "notice-title": NOTICES,
    "reading-part": (*Part, MADE, SHOWN),
}


@pytest.mark.parametrize(
    ("kind", "code"), [(kind, str(code)) for kind, codes in CODES.items() for code in codes]
)
def test_a_code_has_a_label(kind: str, code: str) -> None:
    language = Texts.of("intake").language("it")

    label = language.label(kind, code)

    assert label != code
    assert label != language.label(kind, "otherwise") or kind not in ("desk-error", "notice", "notice-title")
