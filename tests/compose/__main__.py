"""The verb `compose-test`: docker-compose.yml runs on real containers and is tried; what is missing is said."""

import argparse
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable

from tests.compose import growth, recovery, three
from tests.compose import trial as steps
from tests.compose.books import Books
from tests.compose.commands import STATE, CannotRunHere, NoEngine, Trouble, complain, say
from tests.compose.deployment import FILES, Deployment, clear
from tests.compose.engine import engine
from tests.compose.traffic import People
from tests.compose.trial import Result, Trial

IN_CI = os.environ.get("CI") == "true"
STEPS: dict[str, Callable[[Trial], None]] = {
    "up": steps.up,
    "day": steps.play,
    "crash": steps.crash,
    "scale": growth.scale,
    "roll": growth.roll,
    "restore": recovery.lose_and_restore,
}
# Leaves the images of the trial and tries nothing: half of a first run is making them.
IMAGES = "images"
# Only when it is asked for, and alone: it has another deployment.
LARGE: dict[str, Callable[[Trial], None]] = {
    "up": steps.up,
    "day": steps.play,
    "ha": three.lose_one_of_each,
}


def main() -> int:
    """Runs the steps that were asked for, cleans up behind them, and prints the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.compose", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument(
        "--only",
        default="",
        help=f"some of {','.join(STEPS)}; the first two come anyway; or ha or {IMAGES} alone",
    )
    parser.add_argument("--keep", action="store_true", help="leave the deployment running at the end")
    asked = parser.parse_args()
    known = LARGE if asked.only == "ha" else STEPS
    # An account of less than a day is none, so every trial has one.
    wanted = {"up", "day", *(asked.only.split(",") if asked.only else STEPS)}
    if asked.only != IMAGES and (unknown := wanted - set(known)):
        parser.error(f"there is no step {', '.join(sorted(unknown))}")
    chosen = [step for name, step in known.items() if name in wanted]
    try:
        with engine():
            deployment = _prepared(large=known is LARGE)
            steps.build(deployment)
            return 0 if asked.only == IMAGES else _try(deployment, chosen, asked.seed, asked.keep)
    except CannotRunHere as reason:
        complain(f"compose: skipped, this machine lets nobody run containers: {reason}")
        return 0
    except NoEngine as reason:
        # Whoever runs CI can give it what is missing; nobody else has to.
        complain(f"compose: {'failed' if IN_CI else 'skipped'}: {reason}")
        return int(IN_CI)
    except Trouble as trouble:
        complain(f"compose: {trouble}")
        return 1


def _prepared(*, large: bool) -> Deployment:
    clear()
    deployment = Deployment(STATE / "trial", three.OVER_TLS if large else FILES)
    shutil.rmtree(deployment.folder, ignore_errors=True)
    deployment.folder.mkdir(parents=True)
    deployment.prepare()
    if large:
        three.enlarge(deployment)
    return deployment


def _try(deployment: Deployment, chosen: list[Callable[[Trial], None]], seed: int, keep: bool) -> int:
    say(f"seed {seed}")
    books, result = Books(deployment), Result()
    try:
        with books.another_log() as log:
            people = People(deployment, log, random.Random(seed))
            trial = Trial(deployment, people, books, result)
            for step in chosen:
                step(trial)
        if not keep:
            deployment.down("--volumes")
            say("down, and its volumes are gone")
    except Trouble:
        _show_logs(deployment)
        raise
    finally:
        if not keep:
            clear()
    print(result)
    return int(result.failed > 0)


def _show_logs(deployment: Deployment) -> None:
    (STATE / "containers.log").write_text(deployment.compose("logs", "--no-color", "--timestamps"))
    complain(f"what the containers said is in {STATE / 'containers.log'}")


if __name__ == "__main__":
    os.umask(0o022)
    # Who is told to end cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
