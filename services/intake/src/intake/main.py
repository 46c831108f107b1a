"""Intake, put together: the table, the doors, the registers."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.documents import Index
from chassis.sealing import Sealer
from chassis.service import Plan, ServiceContext
from chassis.web import CsrfTokens
from intake.adapters.seed_files import read_registers
from intake.entrypoints import http, pages, staff
from intake.entrypoints.desk import INDEXES, Desk
from intake.entrypoints.gauges import GAUGES
from intake.entrypoints.seeding import load_registers
from intake.entrypoints.tracking import Slips
from intake.handlers.documents import PRIVATE, REGISTERS, REPORTS
from intake.handlers.reactions import REACTIONS, SUBSCRIBES
from intake.settings import Settings


def plan(settings: Settings) -> Plan:
    """Everything that intake is, ready to be served."""
    secret = bytes.fromhex(settings.secret.read_text().strip())
    registers = read_registers(settings.seed)

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        desk = Desk(context, Sealer(secret), Slips(secret))
        return (
            http.router(context, desk),
            pages.router(context, desk, CsrfTokens(secret)),
            staff.router(context, desk),
        )

    async def seed(context: ServiceContext) -> None:
        await load_registers(context, registers)

    return Plan(
        name="intake",
        reactions=REACTIONS,
        collections=(REPORTS, PRIVATE, REGISTERS),
        subscribes=SUBSCRIBES,
        indexes=(*INDEXES, Index(REPORTS.name, (("state.status", 1), ("state.registered_at", 1)))),
        gauges=GAUGES,
        routers=routers,
        seed=seed,
    )
