"""Store a register that the agency has edited."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment
from intake.domain.registers import Register
from intake.handlers.documents import REGISTERS


@dataclass(frozen=True)
class LoadRegister:
    """Store the register as its file has it now."""

    register: Register


def load_register(command: LoadRegister, current: Register | None, moment: Moment) -> Change:  # noqa: ARG001
    """Store the register as the next revision, unless this version is the current one."""
    if current is not None and current.version == command.register.version:
        return NOTHING
    revision = 1 if current is None else current.revision + 1
    return Change(write=[REGISTERS.put(replace(command.register, revision=revision))])
