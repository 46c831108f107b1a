"""The register in force, as the people who maintain its files read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chassis.service import ServiceContext
from routing.domain.registers import CURRENT, Register
from routing.handlers.documents import REGISTERS

# Part of the name of every invented person in the seed files.
EXAMPLE = "(esempio)"


@dataclass(frozen=True)
class RegisterFile:
    """The content of one file: how many of what it defines, its version if it has one, and names to show."""

    name: str
    sizes: Mapping[str, int]
    version: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegisterView:
    """The register in force; `since` is None when it was loaded before that date was stored.

    `invented` names the operators that are still the examples of the shipped seed.
    """

    revision: int
    content: str
    since: datetime | None
    files: tuple[RegisterFile, ...] = field(repr=False)
    invented: tuple[str, ...] = ()


async def register_in_force(context: ServiceContext) -> RegisterView | None:
    """The register in force, or None before the first one is loaded."""
    register = await context.load(REGISTERS, CURRENT)
    return None if register is None else _view(register)


def _view(register: Register) -> RegisterView:
    names = tuple(operator.name for operator in register.operators)
    return RegisterView(
        register.revision,
        register.content,
        register.since,
        _files(register, names),
        tuple(name for name in names if EXAMPLE in name),
    )


def _files(register: Register, names: tuple[str, ...]) -> tuple[RegisterFile, ...]:
    rules, calendar = register.rules, register.calendar
    covered = {code for operator in register.operators for code in operator.neighbourhoods}
    people = {"operators": len(names), "neighbourhoods": len(covered)}
    return (
        RegisterFile("operators.yaml", people, names=names),
        RegisterFile("rules.yaml", {"rules": len(rules.rules)}, rules.version),
        RegisterFile("deadlines.yaml", {"urgencies": len(calendar.clocks)}),
        RegisterFile("calendar.yaml", {"holidays": len(calendar.feasts)}, calendar.version),
    )
