"""What routing does before it serves."""

from collections.abc import Awaitable, Callable
from functools import partial

from chassis.service import ServiceContext
from routing.app.put_in_force import put_in_force
from routing.domain.registers import Register


def startup(register: Register) -> Callable[[ServiceContext], Awaitable[None]]:
    """Return the start-up step that puts this register in force."""
    return partial(put_in_force, register=register)
