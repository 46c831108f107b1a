"""The HTTP server of a process, from its start to SIGTERM."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

import uvloop
from fastapi import FastAPI

from chassis.http.app import build_app
from chassis.http.connections import server_of
from chassis.http.lean_imports import THRESHOLDS
from chassis.http.middleware import Limits
from chassis.http.ops_api import ops_router
from chassis.observe.logs import log, set_up
from chassis.runtime.plan import Plan
from chassis.runtime.process import Process
from chassis.seed import SeedError
from chassis.settings import ServiceSettings
from chassis.store.mongo import MongoStore

S = TypeVar("S", bound=ServiceSettings)


async def application(process: Process) -> FastAPI:
    """The HTTP application of a process: the plan's routes, and those for operations."""
    plan, context, dead_letters = process.plan, process.context, await process.open_dead_letters()
    routers = [*plan.routers(context), ops_router(context, dead_letters)]
    if plan.ops_pages is not None:
        routers.append(plan.ops_pages(context, dead_letters, process.vitals))
    return build_app(
        plan.name,
        process.metrics,
        routers,
        process.live,
        process.ready,
        Limits.of(process.settings, plan.bodies),
        process.tracer,
        plan.error_page,
    )


async def run(process: Process) -> None:
    """Serve until SIGTERM or SIGINT; the HTTP server stops first, then the consumers, then the relay."""
    settings = process.settings
    limits = Limits.of(settings, process.plan.bodies)
    server = server_of(await application(process), settings.host, settings.port, limits)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = loop.create_task(server.serve())
    opening = loop.create_task(process.open())
    log("started", instance=settings.instance, port=settings.port)
    await asyncio.wait({serving, loop.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    opening.cancel()
    await process.close()
    log("stopped", instance=settings.instance)


def serve(plan_of: Callable[[S], Plan], settings: S) -> None:
    """Run one replica of a service until it is signalled; exits with 2 when its seed files are invalid."""
    set_up(settings.service)
    try:
        plan = plan_of(settings)
    except SeedError as error:
        for fault in error.faults:
            log("seed file refused", level=50, reason=str(fault))
        sys.exit(2)

    async def main() -> None:
        await run(Process(plan, settings, MongoStore(settings.store, settings.database, settings.driver)))

    collect_seldom()
    uvloop.run(main())


def collect_seldom() -> None:
    """Collect garbage as seldom as while importing; freeze what is loaded now."""
    gc.set_threshold(*THRESHOLDS)
    gc.freeze()
