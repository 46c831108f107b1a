"""Put the register that was read from the seed files in force."""

from chassis.ids import derive
from chassis.service import ServiceContext
from routing.domain.registers import CURRENT, Register
from routing.handlers.documents import REGISTERS
from routing.handlers.load_register import LoadRegister


async def put_in_force(context: ServiceContext, register: Register) -> None:
    """Run LoadRegister unless the register in force has the same content.

    The command's id contains the next revision. Replicas that start together load the register once, and returning
    to an earlier content is a new change.
    """
    current = await context.load(REGISTERS, CURRENT)
    if current is not None and current.content == register.content:
        return
    revision = 1 if current is None else current.revision + 1
    command_id = derive(f"register/{revision}", register.content)
    await context.run(LoadRegister(register), id=command_id, key=CURRENT, fingerprint=register.content)
