"""Registers: the rules, operators and calendar that decisions are based on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from routing.domain.calendar import Calendar
from routing.domain.rules import Operator, Raise, RuleTable

CURRENT = "current"


@dataclass(frozen=True)
class Loading:
    """When a content was put in force."""

    content: str
    at: datetime


@dataclass(frozen=True, eq=False)
class Register:
    """The reference data in force; `content` is its fingerprint, `revision` the number of changes so far.

    `subjects` has the issuer's subject id of each operator that logs in; `raises` are the rules of the same table that make a
    case more urgent when many report its problem.
    """

    content: str
    rules: RuleTable
    operators: tuple[Operator, ...]
    calendar: Calendar
    revision: int = 0
    id: str = CURRENT
    loading: Loading | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)
    raises: tuple[Raise, ...] = ()

    def operator(self, code: str | None) -> Operator | None:
        """The operator with this code, if there is one."""
        return next((one for one in self.operators if one.code == code), None)

    def operator_of(self, subject: str) -> Operator | None:
        """The operator that this person is, by the subject id of their login."""
        return next((one for one in self.operators if self.subjects.get(one.code) == subject), None)

    @property
    def since(self) -> datetime | None:
        """When it was put in force; None for a register that was loaded before this date was stored."""
        return self.loading.at if self.loading is not None and self.loading.content == self.content else None
