"""The command line of a service: serve, check seed files, replay history."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from chassis.runtime.plan import Plan
from chassis.runtime.server import serve
from chassis.seed import check
from chassis.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)
Verb = Callable[[Sequence[str]], int]


def command_line(
    service: str,
    plan_of: Callable[[S], Plan],
    settings: type[S],
    read_seed: Callable[[Path], object],
    verbs: Mapping[str, Verb] | None = None,
) -> int:
    """Run `python -m SERVICE [VERB …]` and return its exit status.

    Without a verb it serves until SIGTERM. `seed-check FOLDER` checks seed files and needs no settings; `replay …` rebuilds documents
    from history in shadow collections; `verbs` are the service's own.
    """
    known: dict[str, Verb] = {
        "seed-check": lambda words: check(service, read_seed, words),
        "replay": lambda words: _replay(plan_of, settings(), words),
        **(verbs or {}),
    }
    run = known.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if run is not None:
        return run(sys.argv[2:])
    serve(plan_of, settings())
    return 0


def _replay(plan_of: Callable[[S], Plan], settings: S, words: Sequence[str]) -> int:
    from chassis.runtime import shadow  # noqa: PLC0415 - a service that serves does without

    return shadow.main(plan_of(settings), settings, words)
