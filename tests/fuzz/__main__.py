"""`make fuzz`: a million damaged records at the decoder, a hundred thousand requests at the doors; nothing may break."""

import argparse
import sys
import time

from tests.fuzz.envelopes import throw
from tests.fuzz.requests import ask

SHOWN = 20
SLICE = 50_000
SHOW_EVERY = 2_000


def main() -> int:
    """Throws and asks as often as wanted; 1 when something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--envelopes", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="the same seed throws the same records")
    asked = parser.parse_args()
    broken: list[str] = []
    thrown, began = 0, time.monotonic()
    while thrown < asked.envelopes:
        part = min(SLICE, asked.envelopes - thrown)
        reading = throw(part, asked.seed + thrown)
        thrown, broken = thrown + part, broken + reading.uncaught
        _say(f"{thrown:>9,} envelopes {time.monotonic() - began:6.0f} s  {dict(reading.endings)}")
    uncaught = len(broken)

    told = 0

    def tell(number: int) -> None:
        nonlocal told
        if number - told >= SHOW_EVERY:
            told = number
            _say(f"{number:>9,} requests  {time.monotonic() - began:6.0f} s")

    asking = ask(asked.requests, asked.seed, tell)
    _say(
        f"{asking.asked:>9,} requests  {time.monotonic() - began:6.0f} s  {dict(sorted(asking.statuses.items()))}"
    )
    for line in (broken + asking.errors)[:SHOWN]:
        _say(line[:2000])
    sys.stdout.write(
        f"fuzz: {thrown} envelopes, {uncaught} uncaught; "
        f"{asking.asked} requests, {len(asking.errors)} server errors\n"
    )
    return 1 if broken or asking.errors else 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
