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

from bench.faults.campaign import Campaign, Size, open_context
from bench.faults.catalogue import FAULTS
from bench.faults.controls import CONTROLS, GREENS, Control, Result, Trial
from bench.faults.disks import small_disks
from bench.faults.results import FOLDER, Json, document, failures, last_line, save_result, show, summary
from stack.files import mutex
from stack.processes import StackError, print_stderr
from stack.tools import REPOSITORY

ROOT = REPOSITORY / ".state" / "faults"
SLICE_SEED, SLICE_RATE, RATE, ROUND_SECONDS = 7, 15.0, 120.0, 180.0
DISKS, DISK_MINUTES, DISK_RATE = "F10", 1.0, 30.0


def main(words: Sequence[str]) -> int:
    """Run a campaign or print the summary; exit code 1 on lost, doubled or disordered effects, or when a control stays green."""
    if words[:1] == ["summary"]:
        return summary()
    args = _parse(words)
    signal.signal(signal.SIGTERM, _end)  # the environment is always shut down
    try:
        with mutex(ROOT / f"{args.state}.lock"):
            return _finish([run(part) for part in _parts(args)])
    except StackError as error:
        print_stderr(f"faults: {error}")
        return 1


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _parts(args: argparse.Namespace) -> list[argparse.Namespace]:
    """A slice is one run; a campaign fills disks in a second environment, because the first uses the machine's own disks."""
    if args.minutes is None or args.only or args.verb == "controls":
        return [args]
    most = ",".join(sorted({card.kind for card in FAULTS} - {DISKS}))
    words = vars(args)
    small = {"only": DISKS, "minutes": DISK_MINUTES, "rate": DISK_RATE, "controls": "none"}
    small |= {"state": f"{args.state}-disks"}  # the first environment's folder stays for inspection
    return [argparse.Namespace(**words | {"only": most}), argparse.Namespace(**words | small)]


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("verb", nargs="?", choices=("run", "controls", "summary"), default="run")
    parser.add_argument("--minutes", type=float, help="minutes of rounds; the slice for CI when omitted")
    parser.add_argument("--seed", type=int, help="random when omitted; the slice has its own")
    parser.add_argument("--only", default="", help="kinds of faults, such as F2,F5")
    parser.add_argument("--rate", type=float, help="reports per second")
    parser.add_argument("--round", type=float, default=ROUND_SECONDS, help="seconds of load in a round")
    parser.add_argument("--spare", default="", help="kinds of poison to exclude, separated by ;")
    parser.add_argument(
        "--controls", choices=("all", "red", "none"), default="all", help="which controls to run"
    )
    parser.add_argument("--tries", type=int, default=1, help="runs of each control")
    parser.add_argument("--state", default="campaign", help="name of the folder under .state/faults")
    return parser.parse_args(words)


def run(args: argparse.Namespace) -> Json:
    """Run the campaign, then the controls in the same environment, and save the result."""
    is_slice, began = args.minutes is None, time.monotonic()
    seed = args.seed if args.seed is not None else SLICE_SEED if is_slice else secrets.randbelow(10**6)
    log = _timestamped(began)
    log(f"seed {seed} (again: make faults SEED={seed})")
    only = frozenset(filter(None, args.only.split(",")))
    rate = args.rate or (SLICE_RATE if is_slice else RATE)
    size = Size((args.minutes or 0.0) * 60, rate, args.round, only, is_slice)
    state, spare = ROOT / args.state, frozenset(filter(None, args.spare.split(";")))
    shutil.rmtree(state, ignore_errors=True)
    with small_disks(state) if DISKS in only or is_slice else nullcontext():
        campaign = Campaign(open_context(state, seed, log, spare), state / "logs", seed, size)
        try:
            log("engines, links and services are running")
            if args.verb == "run":
                campaign.run()
            both = args.controls == "all" and (args.verb == "controls" or not is_slice)
            some = args.controls != "none" and not campaign.broken
            # Before the others, which leave what they lost: a zombie that sleeps too long then ends itself, and is green for that.
            greens = _run_controls(campaign, GREENS if some and both else (), args.tries)
            reds = _run_controls(campaign, CONTROLS if some else (), args.tries)
        finally:
            campaign.context.environment.close()
    result = document(campaign, reds, greens, time.monotonic() - began)
    print_stderr(f"result {save_result(result, ROOT / 'slices' if is_slice else FOLDER)}")
    return result


def _timestamped(began: float) -> Callable[[str], None]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    return lambda text: console.print(f"{time.monotonic() - began:7.1f}  {text}", markup=False)


def _finish(results: Sequence[Json]) -> int:
    show(Console(), results)
    reasons = [reason for one in results for reason in failures(one)]
    for reason in reasons:
        print_stderr(f"faults: {reason}")
    print(last_line(results), flush=True)
    return int(bool(reasons))


def _run_controls(campaign: Campaign, controls: Sequence[Control], tries: int) -> list[Result]:
    results, context = [], campaign.context
    for control in (one for one in controls for _ in range(tries)):
        began = time.monotonic()
        trial = Trial(context, control, campaign.folder, campaign.seed)
        results.append(trial.run())
        verdict = "red" if results[-1].red else "green"
        context.log(
            f"{control.name}: {verdict} after {trial.faults} faults, {time.monotonic() - began:.0f} s"
        )
        for text in results[-1].texts[:3]:
            context.log(f"     {text}")
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
