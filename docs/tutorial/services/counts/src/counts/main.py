"""Counts, wired: the table, the collection and the HTTP API."""

from fastapi import APIRouter, Depends
from pydantic_settings import SettingsConfigDict

from chassis.service import Plan, ServiceContext
from chassis.settings import ServiceSettings
from counts.handlers.reactions import NEIGHBOURHOODS, REACTIONS, SUBSCRIBES


class Settings(ServiceSettings):
    """What every service needs, read from COUNTS_…"""

    model_config = SettingsConfigDict(env_prefix="COUNTS_", frozen=True)


def counts_router(context: ServiceContext) -> APIRouter:
    """The JSON API."""
    router = APIRouter(prefix="/v1/neighbourhoods")

    @router.get("", dependencies=[Depends(context.require("public"))])
    async def list_neighbourhoods() -> dict[str, int]:
        """Cases opened so far, by neighbourhood."""
        return {one.code: one.opened for one in await context.list(NEIGHBOURHOODS, limit=500)}

    return router


def plan(_: Settings) -> Plan:
    """Everything that counts is made of."""
    return Plan(
        name="counts",
        reactions=REACTIONS,
        collections=(NEIGHBOURHOODS,),
        routers=lambda context: (counts_router(context),),
        subscribes=SUBSCRIBES,
    )
