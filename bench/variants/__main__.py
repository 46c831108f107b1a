"""Runs one variant until it is killed."""

import sys

import uvloop

from bench.variants.task import Task
from chassis.runtime.server import collect_seldom


def main() -> None:
    """Import only this variant; every variant uses the garbage collection settings of a service."""
    task = Task.read(sys.argv[1])
    match task.variant:
        case "naive" | "naive-batch":
            from bench.variants import naive  # noqa: PLC0415

            work = naive.one_by_one(task) if task.variant == "naive" else naive.in_batches(task)
        case "floor":
            from bench.variants import floor  # noqa: PLC0415

            work = floor.drain(task)
        case "bare-relay":
            from bench.variants import floor  # noqa: PLC0415

            work = floor.relay(task)
        case "relay-latency":
            from bench.variants import ours  # noqa: PLC0415

            work = ours.time_relay(task)
        case "accept-bare":
            from bench.variants import door  # noqa: PLC0415

            work = door.serve(task)
        case _:
            from bench.variants import ours  # noqa: PLC0415

            work = ours.serve(task)
    collect_seldom()
    uvloop.run(work)


if __name__ == "__main__":
    main()
