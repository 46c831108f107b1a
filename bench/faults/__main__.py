"""The command line of the fault campaign: `python -m bench.faults run`, and `summary` of all recorded runs."""

import argparse
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import FrameType

from rich.console import Console

from bench.faults.campaign import Campaign, Size, open_ground
from bench.faults.controls import CONTROLS, GREENS, Control, Result, Trial
from bench.faults.deck import CARDS
from bench.faults.disks import small_disks
from bench.faults.results import FOLDER, Json, document, keep, last_line, show, summary, wrong
from stack.files import mutex
from stack.processes import StackError, print_stderr
from stack.tools import REPOSITORY

ROOT = REPOSITORY / ".state" / "faults"
SLICE_SEED, SLICE_RATE, RATE, ROUND_SECONDS = 7, 15.0, 120.0, 180.0
DISKS, DISK_MINUTES, DISK_RATE = "F10", 1.0, 30.0


def main(words: Sequence[str]) -> int:
    """Runs a campaign or sums up; exit code 1 when anything was lost, doubled or out of order, or a control stayed green."""
    if words[:1] == ["summary"]:
        return summary()
    asked = _parse(words)
    signal.signal(signal.SIGTERM, _end)  # a stand is never left running
    try:
        with mutex(ROOT / f"{asked.state}.lock"):
            return _finish([run(part) for part in _parts(asked)])
    except StackError as error:
        print_stderr(f"faults: {error}")
        return 1


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _parts(asked: argparse.Namespace) -> list[argparse.Namespace]:
    """A slice is one run; a campaign fills the disks of a second stand, because those of the first are to be the machine's."""
    if asked.minutes is None or asked.only or asked.verb == "controls":
        return [asked]
    most = ",".join(sorted({card.kind for card in CARDS} - {DISKS}))
    words = vars(asked)
    small = {"only": DISKS, "minutes": DISK_MINUTES, "rate": DISK_RATE, "controls": "none"}
    small |= {"state": f"{asked.state}-disks"}  # what the first left behind stays there to be looked at
    return [argparse.Namespace(**words | {"only": most}), argparse.Namespace(**words | small)]


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("verb", nargs="?", choices=("run", "controls", "summary"), default="run")
    parser.add_argument("--minutes", type=float, help="of rounds; the slice for CI when left out")
    parser.add_argument("--seed", type=int, help="a fresh one when left out; the slice has its own")
    parser.add_argument("--only", default="", help="kinds of faults, as F2,F5")
    parser.add_argument("--rate", type=float, help="reports a second")
    parser.add_argument("--round", type=float, default=ROUND_SECONDS, help="seconds of load in a round")
    parser.add_argument("--spare", default="", help="kinds of poison to leave out, separated by ;")
    parser.add_argument(
        "--controls", choices=("all", "red", "none"), default="all", help="which controls to run"
    )
    parser.add_argument("--tries", type=int, default=1, help="how often each control is run")
    parser.add_argument("--state", default="campaign", help="name of the folder under .state/faults")
    return parser.parse_args(words)


def run(asked: argparse.Namespace) -> Json:
    """Plays the campaign, then the controls on the same stand, and keeps the result."""
    is_slice, began = asked.minutes is None, time.monotonic()
    seed = asked.seed if asked.seed is not None else SLICE_SEED if is_slice else secrets.randbelow(10**6)
    tell = _clocked(began)
    tell(f"seed {seed} (again: make faults SEED={seed})")
    only = frozenset(filter(None, asked.only.split(",")))
    rate = asked.rate or (SLICE_RATE if is_slice else RATE)
    size = Size((asked.minutes or 0.0) * 60, rate, asked.round, only, is_slice)
    state, spare = ROOT / asked.state, frozenset(filter(None, asked.spare.split(";")))
    shutil.rmtree(state, ignore_errors=True)
    with small_disks(state) if DISKS in only or is_slice else nullcontext():
        campaign = Campaign(open_ground(state, seed, tell, spare), state / "logs", seed, size)
        try:
            tell("engines, links and services run")
            if asked.verb == "run":
                campaign.run()
            both = asked.controls == "all" and (asked.verb == "controls" or not is_slice)
            some = asked.controls != "none" and not campaign.broken
            reds = _try(campaign, CONTROLS if some else (), asked.tries)
            greens = _try(campaign, GREENS if some and both else (), asked.tries)
        finally:
            campaign.ground.stand.close()
    result = document(campaign, reds, greens, time.monotonic() - began)
    print_stderr(f"result {keep(result, ROOT / 'slices' if is_slice else FOLDER)}")
    return result


def _clocked(began: float) -> Callable[[str], None]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    return lambda text: console.print(f"{time.monotonic() - began:7.1f}  {text}", markup=False)


def _finish(results: Sequence[Json]) -> int:
    show(Console(), results)
    reasons = [reason for one in results for reason in wrong(one)]
    for reason in reasons:
        print_stderr(f"faults: {reason}")
    print(last_line(results), flush=True)
    return int(bool(reasons))


def _try(campaign: Campaign, controls: Sequence[Control], tries: int) -> list[Result]:
    results, ground = [], campaign.ground
    for control in (one for one in controls for _ in range(tries)):
        began = time.monotonic()
        trial = Trial(ground, control, campaign.folder, campaign.seed)
        results.append(trial.run())
        verdict = "red" if results[-1].red else "green"
        ground.say(f"{control.name}: {verdict} after {trial.faults} faults, {time.monotonic() - began:.0f} s")
        for text in results[-1].texts[:3]:
            ground.say(f"     {text}")
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
