"""Runs other programs, reports their errors, and prints progress with the elapsed time."""

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
    """A failure in one sentence, with its fix if it is known."""


class NoEngine(StepError):
    """A program that is missing to run containers and can be installed."""


class CannotRunHere(StepError):
    """The reason for which this machine cannot run containers."""


def log_step(text: str) -> None:
    """Prints a line with the seconds since the start."""
    print(f"{time.monotonic() - STARTED:7.1f} s  {text}", flush=True)


def run(
    words: Sequence[str | Path],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 900,
) -> str:
    """Runs a command and returns its output; raises StepError with the end of its output when it fails."""
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
        output = (done.stdout + b"\n" + done.stderr).decode(errors="replace").strip().splitlines()[-25:]
        raise StepError("\n".join([f"“{' '.join(map(str, words))}” ended with {done.returncode}:", *output]))
    return done.stdout.decode(errors="replace")


def fails(words: Sequence[str | Path]) -> str:
    """The error output of a command that fails; empty when it succeeds."""
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    except OSError as error:
        return f"{words[0]}: {error.strerror}"
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip() or f"code {done.returncode}"


def print_error(text: str) -> None:
    """Prints a line to standard error."""
    print(text, file=sys.stderr, flush=True)
