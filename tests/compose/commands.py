"""Other programs, what they said when they failed, and a line with a clock for whoever waits."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".state" / "compose"
STARTED = time.monotonic()


class StepError(Exception):
    """Says in one sentence what went wrong, and what fixes it where that is known."""


class NoEngine(StepError):
    """Says what keeps this machine from running containers and could be given to it."""


class CannotRunHere(StepError):
    """Says why this machine does not let anybody run containers."""


def log_step(text: str) -> None:
    """Writes one line with the seconds since the start."""
    print(f"{time.monotonic() - STARTED:7.1f} s  {text}", flush=True)


def run(
    words: Sequence[str | Path],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 900,
) -> str:
    """What a command prints; raises Trouble with the end of what it complained about when it fails."""
    try:
        done = subprocess.run(
            [str(word) for word in words],
            input=stdin,
            env=dict(os.environ | (env or {})),
            cwd=ROOT,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise StepError(f"“{' '.join(map(str, words))}” did not end within {seconds:.0f} s") from error
    if done.returncode != 0:
        said = (done.stdout + b"\n" + done.stderr).decode(errors="replace").strip().splitlines()[-25:]
        raise StepError("\n".join([f"“{' '.join(map(str, words))}” ended with {done.returncode}:", *said]))
    return done.stdout.decode(errors="replace")


def fails(words: Sequence[str | Path]) -> str:
    """What a command complains about when it fails; nothing when it does not."""
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    except OSError as error:
        return f"{words[0]}: {error.strerror}"
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip() or f"code {done.returncode}"


def print_error(text: str) -> None:
    """Tells the person at the terminal why it ended."""
    print(text, file=sys.stderr, flush=True)
