"""The procedure by law: the term to conclude it, and the annulment of a decision by the agency that took it."""

from dataclasses import dataclass
from datetime import date, timedelta

from subsidies.domain.days import add_months


@dataclass(frozen=True)
class LegalReason:
    """Why a decision is unlawful (art. 21-octies L. 241/1990); `beyond_term` reasons have no term."""

    code: str
    title: str
    legal: str
    text: str
    beyond_term: bool


@dataclass(frozen=True)
class Procedure:
    """Terms in days and months, each with its legal reference, and the reasons of an annulment."""

    term_days: int
    term_legal: str
    warning_days: int
    annulment_months: int
    annulment_legal: str
    reasons: tuple[LegalReason, ...]

    def due_on(self, opened_on: date) -> date:
        """The last day to decide an application; the day of receipt is not counted (art. 2963 c.c.)."""
        return opened_on + timedelta(days=self.term_days)

    def reason(self, code: str) -> LegalReason | None:
        """The reason with this code."""
        return next((reason for reason in self.reasons if reason.code == code), None)

    def last_day(self, reason: LegalReason, granted: bool, decided_on: date) -> date | None:
        """The last day on which a decision can be annulled for a reason; None without a term.

        The term of months protects who received an advantage; a refusal can be corrected later.
        """
        if reason.beyond_term or not granted:
            return None
        return add_months(decided_on, self.annulment_months)


@dataclass(frozen=True)
class Annulment:
    """The annulled decision, the day it was taken, and the reason as it read on the day of the annulment."""

    decision_id: str
    decided_on: str
    reason: str
    legal: str
    text: str


@dataclass(frozen=True)
class Correction:
    """An annulment with the officer's reasons, which may name circumstances of a household."""

    annulment: Annulment
    note: str


def annulment_of(decision_id: str, decided_on: date, reason: LegalReason) -> Annulment:
    """The annulment of a decision for a reason."""
    return Annulment(decision_id, decided_on.isoformat(), reason.code, reason.legal, reason.text)
