"""The plan of a service: what its main.py puts together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import APIRouter
from prometheus_client import Counter

from chassis.documents import Collection, Index
from chassis.handling import Reactions
from chassis.http.context import ServiceContext
from chassis.http.problems import ErrorPage
from chassis.observe.vitals import Vitals
from chassis.parking.dead_letters import DeadLetters
from chassis.runtime.queue_gauges import Gauge
from chassis.tasks.jobs import Worker

OpsPages = Callable[[ServiceContext, DeadLetters, Callable[[], Vitals]], APIRouter]


class Server(Protocol):
    """What listens beside the HTTP server; it starts when commands can be run, and stops before anything else does."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Listen no more, and end what is in hand."""
        ...


@dataclass(frozen=True)
class Plan:
    """The parts of a service, as its main.py declares them.

    `bodies` are the paths at and below which larger bodies are accepted, with the limit in bytes; `*` stands for one segment.
    `workers_in` and `servers_in` make the workers and the servers that need the context; `counters` belong to no registry yet.
    """

    name: str
    reactions: Reactions
    collections: Sequence[Collection[Any]]
    routers: Callable[[ServiceContext], Sequence[APIRouter]]
    subscribes: Sequence[str] = ()
    indexes: Sequence[Index] = ()
    workers: Mapping[type[Any], Worker] = field(default_factory=dict)
    workers_in: Callable[[ServiceContext], Mapping[type[Any], Worker]] = lambda _: {}
    servers_in: Callable[[ServiceContext], Sequence[Server]] = lambda _: ()
    gauges: Sequence[Gauge] = ()
    counters: Sequence[Counter] = ()
    seed: Callable[[ServiceContext], Awaitable[None]] | None = None
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    ops_pages: OpsPages | None = None
    error_page: ErrorPage | None = None
    bodies: Mapping[str, int] = field(default_factory=dict)
