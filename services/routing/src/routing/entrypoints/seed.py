"""At the start, the register that the agency keeps in files is put in force."""

from chassis.ids import derive
from chassis.service import ServiceContext
from routing.domain.register import CURRENT, Register
from routing.handlers.documents import REGISTERS
from routing.handlers.load_register import LoadRegister


async def put_in_force(context: ServiceContext, register: Register) -> None:
    """Run LoadRegister when the content is not the one in force.

    The revision is part of the command's id: replicas that start together load it once, and going back to a
    former content is a change like any other.
    """
    current = await context.load(REGISTERS, CURRENT)
    if current is not None and current.content == register.content:
        return
    revision = 1 if current is None else current.revision + 1
    command_id = derive(f"register/{revision}", register.content)
    await context.run(LoadRegister(register), id=command_id, key=CURRENT, fingerprint=register.content)
