"""Runs one arm until it is killed."""

import sys

import uvloop

from bench.arms.task import Task
from chassis.runtime.server import collect_seldom


def main() -> None:
    """Import this arm and no other; every arm collects garbage as a service does."""
    task = Task.read(sys.argv[1])
    match task.arm:
        case "naive" | "naive-batch":
            from bench.arms import naive  # noqa: PLC0415

            work = naive.one_by_one(task) if task.arm == "naive" else naive.in_batches(task)
        case "floor":
            from bench.arms import floor  # noqa: PLC0415

            work = floor.drain(task)
        case "relay-latency":
            from bench.arms import ours  # noqa: PLC0415

            work = ours.time_relay(task)
        case _:
            from bench.arms import ours  # noqa: PLC0415

            work = ours.serve(task)
    collect_seldom()
    uvloop.run(work)


if __name__ == "__main__":
    main()
