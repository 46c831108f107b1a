"""Routing, plugged together: what it reads, hears, keeps and shows."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.documents import Index
from chassis.service import Plan, ServiceContext
from chassis.web import login_of
from routing.adapters.register_files import read_register
from routing.entrypoints.http import cases_router
from routing.entrypoints.pages import pages_router
from routing.entrypoints.seed import put_in_force
from routing.entrypoints.system import system_router
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.reactions import REACTIONS, SUBSCRIBES
from routing.settings import Settings


def plan(settings: Settings) -> Plan:
    """Everything that routing is, ready to be served."""
    register = read_register(settings.seed)

    login = login_of(settings, settings.public_url)

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        return (cases_router(context), pages_router(context, login))

    async def seed(context: ServiceContext) -> None:
        """Put the register that was read in force."""
        await put_in_force(context, register)

    return Plan(
        name="routing",
        reactions=REACTIONS,
        collections=(CASES, REGISTERS),
        subscribes=SUBSCRIBES,
        indexes=(
            Index(CASES.name, (("state.status", 1), ("state.due_at", 1))),
            Index(CASES.name, (("state.route", 1), ("state.due_at", 1))),
        ),
        routers=routers,
        ops_pages=lambda context, dead_letters: system_router(context, login, dead_letters),
        seed=seed,
        closing=(login.close,),
    )
