"""What the register in force consists of, in words for the people who keep its files."""

from collections.abc import Iterator
from dataclasses import dataclass

from routing.domain.register import Register

FOLDER = "deploy/seed/routing"


@dataclass(frozen=True)
class Thing:
    """One file's content as it is in force."""

    title: str
    file: str
    size: str
    version: str = ""
    names: tuple[str, ...] = ()


def in_force(register: Register) -> Iterator[Thing]:
    """The four parts of the register, each with its file."""
    covered = {name for operator in register.operators for name in operator.neighbourhoods}
    calendar = register.calendar
    yield Thing(
        "Operatori",
        f"{FOLDER}/operators.yaml",
        f"{_many(len(register.operators), 'operatore', 'operatori')}, "
        f"{_many(len(covered), 'quartiere', 'quartieri')}",
        names=tuple(operator.name for operator in register.operators),
    )
    rules = register.rules
    yield Thing(
        "Regole di assegnazione",
        f"{FOLDER}/rules.yaml",
        _many(len(rules.rules), "regola", "regole"),
        rules.version,
    )
    yield Thing(
        "Termini per urgenza",
        f"{FOLDER}/deadlines.yaml",
        _many(len(calendar.clocks), "classe di urgenza", "classi di urgenza"),
    )
    yield Thing(
        "Festività",
        f"{FOLDER}/calendar.yaml",
        _many(len(calendar.feasts), "festività", "festività"),
        calendar.version,
    )


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
