"""What the staff pages of routing share: guards, the person of a session, names of operators, and cases by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi import Request, Response

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import Answer, ServiceContext
from routing.domain.cases import UNDO, Case
from routing.domain.history import Staff
from routing.domain.labels import Labels
from routing.domain.registers import Register
from routing.domain.rules import Operator
from routing.entrypoints.api.cases import STAFF
from routing.queries.board import Row, row_of
from routing.queries.cases import find_case
from routing.queries.people import register_of
from webkit.guards import SessionGuard
from webkit.login import Visitor
from webkit.site import Site

HOME, BOARD, ABSENCES, SETTINGS = (
    "/lavoro",
    "/lavoro/quadro",
    "/lavoro/assenze",
    "/lavoro/impostazioni",
)
COORDINATORS, MAINTAINERS = ("coordinator",), ("coordinator", "ops")


@dataclass(frozen=True)
class People:
    """The operators of the register in force."""

    operators: Sequence[Operator]
    register: Register | None

    @property
    def names(self) -> Mapping[str, str]:
        """The name of each operator by their code."""
        return {operator.code: operator.name for operator in self.operators}

    def of(self, visitor: Visitor) -> Operator | None:
        """The operator that this person is, if any."""
        return self.register.operator_of(visitor.subject) if self.register else None


class Desk:
    """The staff pages' site, labels and guards, and for how long a closing can be undone."""

    def __init__(self, context: ServiceContext, site: Site, labels: Labels, undo: timedelta = UNDO) -> None:
        self.context, self.site, self.labels, self.undo = context, site, labels, undo

    def guard(self, *roles: str) -> SessionGuard:
        """Restricts a page to these roles."""
        return self.site.guard(self.context, *(roles or STAFF))

    def new_id(self) -> str:
        """An id for a form that is not sent yet."""
        return uuid7(self.context.clock())

    async def people(self) -> People:
        """The operators, for their names and for who is who."""
        register = await register_of(self.context)
        return People(register.operators if register else (), register)

    async def case(self, report_id: str) -> Case:
        """The case of a report; raises Refused (404) when there is none, or when this is no id."""
        try:
            return await find_case(self.context, str(UUID(report_id)))
        except ValueError:
            raise Refused("not-found", "There is no such page.", 404) from None

    def row(self, case: Case) -> Row:
        """A case with its labels."""
        return row_of(case, self.labels, self.context.clock())

    def name_of(self, case: Case) -> str:
        """What a case is called: its category and place."""
        row = self.row(case)
        return f"{row.category}, {row.place}"

    def crumbs(self, request: Request, area: str, path: str) -> tuple[tuple[str, str], ...]:
        """The way to a page of this area of the menu."""
        return ((self.site.language(request).label("area", area), path),)

    def crumbs_of(self, request: Request, visitor: Visitor, case: Case) -> tuple[tuple[str, str], ...]:
        """The way to a page of a case, from the list of this person."""
        return (*self.crumbs(request, *start_of(visitor)), (self.name_of(case), page_of(case.report_id)))

    def error(self, request: Request, refused: Refused) -> str:
        """What a form says about a refusal."""
        return self.site.language(request).label("desk-error", refused.slug)

    def done(self, request: Request, path: str, code: str, case: Case, answer: Answer) -> Response:
        """To a page that tells once what was done, and to which case."""
        return self.site.redirect(request, path, code, answer.again, {"case": self.name_of(case)})


def staff_of(visitor: Visitor) -> Staff:
    """The person of a session, as a history names them."""
    return Staff(visitor.subject, visitor.name)


def page_of(report_id: str) -> str:
    """The page of a case."""
    return f"{HOME}/{report_id}"


def start_of(visitor: Visitor) -> tuple[str, str]:
    """The area of the list where this person's work begins, and its path."""
    return ("mine", HOME) if "operator" in visitor.roles else ("board", BOARD)
