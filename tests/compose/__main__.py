"""The verb `compose-test`: it tests docker-compose.yml on real containers, and reports what is missing to run them."""

import argparse
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable

from tests.compose import high_availability, recovery, scaling, steps
from tests.compose.commands import STATE, CannotRunHere, NoEngine, StepError, log_step, print_error
from tests.compose.deployment import FILES, Deployment, clear
from tests.compose.engine import engine
from tests.compose.steps import DeploymentTest, Result
from tests.compose.traffic import Clients
from tests.compose.verification import Verification

IN_CI = os.environ.get("CI") == "true"
STEPS: dict[str, Callable[[DeploymentTest], None]] = {
    "up": steps.up,
    "day": steps.play,
    "crash": steps.crash,
    "scale": scaling.scale,
    "roll": scaling.roll,
    "restore": recovery.lose_and_restore,
}
# Builds the images only, which is half of the time of a first run.
IMAGES = "images"
# These steps run only on request and alone, because they use another deployment.
LARGE: dict[str, Callable[[DeploymentTest], None]] = {
    "up": steps.up,
    "day": steps.play,
    "ha": high_availability.lose_one_of_each,
}


def main() -> int:
    """Runs the chosen steps, cleans up, and prints the result in one line."""
    parser = argparse.ArgumentParser(prog="python -m tests.compose", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument(
        "--only",
        default="",
        help=f"some of {','.join(STEPS)}; the first two always run; or ha or {IMAGES} alone",
    )
    parser.add_argument("--keep", action="store_true", help="leave the deployment running at the end")
    args = parser.parse_args()
    known = LARGE if args.only == "ha" else STEPS
    # The account requires a minimum number of reports, so every test runs a scenario.
    wanted = {"up", "day", *(args.only.split(",") if args.only else STEPS)}
    if args.only != IMAGES and (unknown := wanted - set(known)):
        parser.error(f"unknown step {', '.join(sorted(unknown))}")
    chosen = [step for name, step in known.items() if name in wanted]
    try:
        with engine():
            deployment = _prepared(large=known is LARGE)
            steps.build(deployment)
            return 0 if args.only == IMAGES else _try(deployment, chosen, args.seed, args.keep)
    except CannotRunHere as reason:
        print_error(f"compose: skipped, this machine cannot run containers: {reason}")
        return 0
    except NoEngine as reason:
        # An error in CI only, where the missing program can be installed.
        print_error(f"compose: {'failed' if IN_CI else 'skipped'}: {reason}")
        return int(IN_CI)
    except StepError as error:
        print_error(f"compose: {error}")
        return 1


def _prepared(*, large: bool) -> Deployment:
    clear()
    deployment = Deployment(STATE / "trial", high_availability.OVER_TLS if large else FILES)
    shutil.rmtree(deployment.folder, ignore_errors=True)
    deployment.folder.mkdir(parents=True)
    deployment.prepare()
    if large:
        high_availability.enlarge(deployment)
    return deployment


def _try(
    deployment: Deployment, chosen: list[Callable[[DeploymentTest], None]], seed: int, keep: bool
) -> int:
    log_step(f"seed {seed}")
    verification, result = Verification(deployment), Result()
    try:
        with verification.another_log() as log:
            clients = Clients(deployment, log, random.Random(seed))
            test = DeploymentTest(deployment, clients, verification, result)
            for step in chosen:
                step(test)
        if not keep:
            deployment.down("--volumes")
            log_step("down, volumes removed")
    except StepError:
        _show_logs(deployment)
        raise
    finally:
        if not keep:
            clear()
    print(result)
    return int(result.failed > 0)


def _show_logs(deployment: Deployment) -> None:
    (STATE / "containers.log").write_text(deployment.compose("logs", "--no-color", "--timestamps"))
    print_error(f"the logs of the containers are in {STATE / 'containers.log'}")


if __name__ == "__main__":
    os.umask(0o022)
    # sys.exit() runs the cleanup after SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
