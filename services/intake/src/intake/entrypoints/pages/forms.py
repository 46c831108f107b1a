"""The forms of the pages; a missing field is an empty string."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel

from intake.domain.drafts import Contact, Draft


class ReportForm(BaseModel):
    """The form of a report."""

    report_id: str = ""
    category: str = ""
    place_id: str = ""
    description: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "it"
    frailty: str = ""
    seal: str = ""

    def draft(self) -> Draft:
        """The draft of the domain."""
        return Draft(
            category=self.category,
            place_id=self.place_id,
            description=self.description,
            language=self.language,
            contact=Contact(self.name, self.email, self.phone),
            frail=bool(self.frailty),
        )

    def own_id(self) -> str | None:
        """The id of the form, or None when it is not one that the service generated (a UUIDv7)."""
        try:
            given = UUID(self.report_id)
        except ValueError:
            return None
        return str(given) if given.version == 7 else None

    def with_id(self, report_id: str) -> "ReportForm":
        """The same form with another id."""
        return self.model_copy(update={"report_id": report_id})


# The fields as the page shows them; a fault of the whole form is at its button.
SHOWN = ("category", "place_id", "description", "name", "email", "phone", "language", "send")


def in_order(faults: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first text of each field, in the order of the form."""
    first: dict[str, str] = {}
    for field, text in faults:
        first.setdefault(field, text)
    return {field: first[field] for field in sorted(first, key=_place)}


def _place(field: str) -> int:
    return SHOWN.index(field) if field in SHOWN else len(SHOWN)


class StatusForm(BaseModel):
    """The form that asks for code and PIN."""

    code: str = ""
    pin: str = ""


class WithdrawalForm(StatusForm):
    """The form of a withdrawal."""

    reason: str = ""
    seal: str = ""
