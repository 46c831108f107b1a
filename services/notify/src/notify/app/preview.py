"""Show what a kind of message says, with sample data."""

from collections.abc import Sequence

from notify.app.ports import Letters
from notify.domain.letters import Letter
from notify.domain.samples import REPORT_ID, VALUES, sample_contact

KINDS = tuple(VALUES)


def preview_letters(letters: Letters, kind: str, language: str) -> Sequence[Letter]:
    """The letters of this kind in this language, one for each variant of the sample data."""
    contact = sample_contact(language)
    return [letters.write(kind, values, contact, REPORT_ID) for values in VALUES[kind]]
