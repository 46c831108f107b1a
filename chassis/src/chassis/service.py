"""The plan of a service, and how it runs."""

from chassis.http.context import Answer, ServiceContext
from chassis.http.direct_route import DirectRoute
from chassis.runtime.command_line import command_line
from chassis.runtime.plan import Plan, Server
from chassis.runtime.queue_gauges import Gauge
from chassis.store.port import Store
from chassis.tasks.jobs import Worker

__all__ = [
    "Answer",
    "DirectRoute",
    "Gauge",
    "Plan",
    "Server",
    "ServiceContext",
    "Store",
    "Worker",
    "command_line",
]
