"""The verb `simulate`: many worlds, the controls, and one line that says how it went."""

import argparse
import gc
import sys
import time
import warnings

from tests.simulation.controls import CONTROLS
from tests.simulation.world import Verdict, simulate

CONTROL_SEEDS = 500


def say(text: str) -> None:
    """Print a line now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(verdict: Verdict, whole: bool = False) -> None:
    """Print what is wrong with one world, and how to see it again."""
    for line in verdict.wrong if whole else verdict.wrong[:5]:
        say(f"  seed {verdict.seed}: {line}")
    if whole:
        say("\n".join(["what happened to it:", *verdict.story]))
        say(f"rates: {verdict.rates}; {verdict.steps} steps, {verdict.seconds:.1f} s of its own time")
    elif verdict.wrong:
        say(f"  again: make simulate SEED={verdict.seed}")


def worlds(first: int, seeds: int) -> int:
    """Run worlds and say how it goes; returns how many are wrong."""
    wrong, began, said = 0, time.perf_counter(), time.perf_counter()
    for number in range(seeds):
        verdict = simulate(first + number)
        if verdict.wrong:
            wrong += 1
            show(verdict)
        if number % 25 == 0:
            gc.collect()
        if time.perf_counter() - said > 5 or number == seeds - 1:
            said = time.perf_counter()
            say(f"{number + 1}/{seeds} seeds, {(number + 1) / (said - began):.0f}/s, {wrong} violations")
    return wrong


def red(control: str, first: int) -> int | None:
    """The number of seeds until a control is caught, or None."""
    return next((n for n in range(1, CONTROL_SEEDS + 1) if simulate(first + n - 1, control).wrong), None)


def controls(first: int) -> int:
    """Run the controls; returns how many turned red."""
    caught = 0
    for control, (what, _) in CONTROLS.items():
        after = red(control, first)
        caught += after is not None
        say(f"control {control} ({what}): {'green!' if after is None else f'red after {after} seeds'}")
    return caught


def main() -> int:
    """Returns the exit status: 0 when no world is wrong and every control is red."""
    reader = argparse.ArgumentParser(prog="simulate")
    reader.add_argument("--seeds", type=int, default=2_000)
    reader.add_argument("--first", type=int, default=1)
    reader.add_argument("--seed", type=int)
    reader.add_argument("--control", choices=sorted(CONTROLS), default="")
    asked = reader.parse_args()
    gc.disable()
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")  # of killed processes
    if asked.seed is not None:
        verdict = simulate(asked.seed, asked.control)
        show(verdict, whole=True)
        return 1 if verdict.wrong else 0
    caught = controls(asked.first)
    wrong = worlds(asked.first, asked.seeds)
    say(f"simulation: {asked.seeds} seeds, {wrong} violations, {caught} of {len(CONTROLS)} controls red")
    return 0 if not wrong and caught == len(CONTROLS) else 1


if __name__ == "__main__":
    sys.exit(main())
