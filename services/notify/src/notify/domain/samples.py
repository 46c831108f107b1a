"""Sample data for every kind of message, visibly invented, for the page that shows the templates and for tests."""

from collections.abc import Mapping
from types import MappingProxyType

from notify.domain.letters import Contact

REPORT_ID = "0190a000-0000-7000-8000-000000000000"
_DAY, _LATER = "2026-12-01T17:00:00.000Z", "2026-12-21T17:00:00.000Z"

# The values of each kind, in one variant or several.
VALUES: Mapping[str, tuple[Mapping[str, str], ...]] = MappingProxyType(
    {
        "report-received": ({"heard_at": _DAY},),
        "mail-added": (
            {"photos": "2", "left_out": "document,photo-too-large"},
            {"photos": "0", "left_out": ""},
        ),
        "mail-waiting": ({"photos": "1", "left_out": "archive"}, {"photos": "0", "left_out": ""}),
        "case-opened": (
            {"route": "operator", "contact_due_at": _DAY, "due_at": _LATER},
            {"route": "technical-office", "contact_due_at": "", "due_at": ""},
        ),
        "case-held": ({"due_at": _LATER}, {"due_at": ""}),
        "case-handed-off": (
            {"route": "social-services", "due_at": _LATER},
            {"route": "admin-office", "due_at": ""},
        ),
        "case-reopened": ({"route": "operator", "due_at": _LATER}, {"route": "", "due_at": ""}),
        "case-resolved": (
            {"outcome": "solved"},
            {"outcome": "handed-off"},
            {"outcome": "unfounded"},
            {"outcome": "withdrawn"},
        ),
        "documents-requested": (
            {"documents": "isee-attestation,tenancy-contract,household-declaration,arrears-statement"},
        ),
        "subsidy-granted": (
            {"amount_cents": "185000", "partial": ""},
            {"amount_cents": "251890", "partial": "yes"},
        ),
        "subsidy-refused": ({},),
        "subsidy-waitlisted": ({},),
        "decision-annulled": ({},),
    }
)


def sample_contact(language: str) -> Contact:
    """Somebody who does not exist, and whose report has a code that no report gets."""
    return Contact(
        "ada@esempio.example", "Ada Esempio", language, "ABCDE-12345", "Esempio", "via degli Esempi 1"
    )
