"""The plan of a service: what its main.py puts together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from chassis.documents import Collection, Index
from chassis.handling import Reactions
from chassis.http.context import Doors
from chassis.parking.dead_letters import Mending
from chassis.runtime.queue_gauges import Measure
from chassis.tasks.jobs import Worker


@dataclass(frozen=True)
class Plan:
    """What a service is made of; its main.py says it and nothing else."""

    name: str
    reactions: Reactions
    collections: Sequence[Collection[Any]]
    routers: Callable[[Doors], Sequence[APIRouter]]
    hears: Sequence[str] = ()
    indexes: Sequence[Index] = ()
    workers: Mapping[type[Any], Worker] = field(default_factory=dict)
    measures: Sequence[Measure] = ()
    seed: Callable[[Doors], Awaitable[None]] | None = None
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    ops_pages: Callable[[Doors, Mending], APIRouter] | None = None
