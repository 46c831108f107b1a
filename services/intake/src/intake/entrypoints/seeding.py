"""At start: the registers that the agency has edited come into force."""

from collections.abc import Sequence

from chassis.service import ServiceContext
from intake.domain.registers import Register
from intake.handlers.documents import REGISTERS
from intake.handlers.load_register import LoadRegister


async def load_registers(context: ServiceContext, registers: Sequence[Register]) -> None:
    """Put each register into force unless this version is; replicas that start together do it once."""
    for register in registers:
        current = await context.load(REGISTERS, register.name)
        if current is not None and current.version == register.version:
            continue
        revision = 1 if current is None else current.revision + 1
        await context.run(
            LoadRegister(register),
            id=f"register:{register.name}:{revision}:{register.version}",
            key=register.name,
        )
