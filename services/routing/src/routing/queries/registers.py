"""The register in force, as the people read it who work by it and who maintain its files."""

from dataclasses import dataclass
from datetime import datetime

from chassis.service import ServiceContext
from routing.domain.calendar import Clocks, Feast
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import Operator, Route
from routing.handlers.documents import REGISTERS

# Part of the name of every invented person in the seed files.
EXAMPLE = "(esempio)"


@dataclass(frozen=True)
class PersonView:
    """An operator: what they follow, who substitutes them, and whether a login belongs to them."""

    operator: Operator
    substitutes: tuple[str, ...]
    can_log_in: bool


@dataclass(frozen=True)
class RegisterView:
    """The register in force; `since` is None when it was loaded before that date was stored.

    `invented` names the operators that are still the examples of the shipped seed.
    """

    revision: int
    content: str
    since: datetime | None
    people: tuple[PersonView, ...]
    terms: tuple[Clocks, ...]
    feasts: tuple[Feast, ...]
    rules: tuple[tuple[str, Route], ...]
    closing_hour: int
    invented: tuple[str, ...] = ()

    @property
    def followed(self) -> frozenset[str]:
        """The neighbourhoods that somebody follows."""
        return frozenset(code for person in self.people for code in person.operator.neighbourhoods)


async def register_in_force(context: ServiceContext) -> RegisterView | None:
    """The register in force, or None before the first one is loaded."""
    register = await context.load(REGISTERS, CURRENT)
    return None if register is None else _view(register)


def _view(register: Register) -> RegisterView:
    names = {operator.code: operator.name for operator in register.operators}
    people = (
        PersonView(
            operator,
            tuple(names[code] for code in operator.substitutes),
            operator.code in register.subjects,
        )
        for operator in register.operators
    )
    return RegisterView(
        register.revision,
        register.content,
        register.since,
        tuple(people),
        register.calendar.clocks,
        register.calendar.feasts,
        tuple((rule.why, rule.route) for rule in register.rules.rules),
        register.calendar.closing_hour,
        tuple(name for name in names.values() if EXAMPLE in name),
    )
