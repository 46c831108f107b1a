"""The agency changes its rules, operators or calendar."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment
from routing.domain.registers import Loading, Register
from routing.handlers.documents import REGISTERS


@dataclass(frozen=True)
class LoadRegister:
    """Decide by this register from now on."""

    register: Register


def load_register(command: LoadRegister, current: Register | None, moment: Moment) -> Change:
    """Put a register in force; the same content again changes nothing, cases already opened keep their decision."""
    if current is not None and current.content == command.register.content:
        return NOTHING
    revision = 1 if current is None else current.revision + 1
    loading = Loading(command.register.content, moment.now)
    return Change(write=[REGISTERS.put(replace(command.register, revision=revision, loading=loading))])
