"""Load a register: the rules, operators and calendar of the agency."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment
from routing.domain.registers import Loading, Register
from routing.handlers.documents import REGISTERS


@dataclass(frozen=True)
class LoadRegister:
    """Put this register in force."""

    register: Register


def load_register(command: LoadRegister, current: Register | None, moment: Moment) -> Change:
    """Put a register in force; the content in force changes nothing, and existing cases keep their decision."""
    if current is not None and current.content == command.register.content:
        return NOTHING
    revision = 1 if current is None else current.revision + 1
    loading = Loading(command.register.content, moment.now)
    return Change(write=[REGISTERS.put(replace(command.register, revision=revision, loading=loading))])
