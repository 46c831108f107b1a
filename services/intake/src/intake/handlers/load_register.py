"""Put a register that the agency has edited into force."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment
from intake.domain.registers import Register
from intake.handlers.documents import REGISTERS


@dataclass(frozen=True)
class LoadRegister:
    """A register as its file has it now."""

    register: Register


def load_register(command: LoadRegister, current: Register | None, moment: Moment) -> Change:  # noqa: ARG001
    """Keep the register as one revision more; the version that is in force already changes nothing."""
    if current is not None and current.version == command.register.version:
        return NOTHING
    revision = 1 if current is None else current.revision + 1
    return Change(write=[REGISTERS.put(replace(command.register, revision=revision))])
