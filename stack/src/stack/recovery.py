"""Restarts of failed processes with exponential backoff and a limit."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from stack.processes import Child, ProcessFailedError, StackError, print_stderr, tail

MOST_CRASHES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# A crash after this time starts a new series.
STEADY_SECONDS = 60.0
JOB_TRIES = 3


@dataclass
class Crashes:
    """The number of consecutive failures of each process."""

    most: int = MOST_CRASHES
    clock: Callable[[], float] = time.monotonic
    _counts: dict[str, int] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def count(self, child: Child) -> float:
        """Counts a failure and returns the pause before the next start, in seconds; raises StackError at the limit."""
        now = self.clock()
        steady = now - self._last.get(child.name, now) > STEADY_SECONDS
        self._last[child.name] = now
        count = self._counts[child.name] = 1 if steady else self._counts.get(child.name, 0) + 1
        if count >= self.most:
            print_stderr(tail(child.log))
            raise StackError(
                f"{child.name} failed {count} times in a row and is not started again: the lines above are the end of "
                f"{child.log}. Correct what they report, then run `make up`."
            )
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (count - 1))


def converge(step: Callable[[], None]) -> None:
    """Repeats an idempotent step until it succeeds; raises StackError when a process fails too often in a row."""
    crashes = Crashes()
    while True:
        try:
            return step()
        except ProcessFailedError as failure:
            failure.child.kill()
            pause = crashes.count(failure.child)
            print_stderr(f"{failure} It restarts in {pause:.1f} s.")
            time.sleep(pause)


def run_job(what: str, command: Sequence[str], env: Mapping[str, str], needs: Child) -> None:
    """Runs an idempotent job that needs a process, up to JOB_TRIES times.

    Raises ProcessFailedError when the process terminates, StackError when the job fails every time.
    """
    for left in reversed(range(JOB_TRIES)):
        with tempfile.TemporaryFile() as output:
            if needs.run_beside(command, env, output) == 0:
                return
            lines = _last_lines(output)
        print_stderr(
            f"{lines}\n{what} failed{' and is retried' if left else ''}: the lines above have the reason."
        )
    raise StackError(f"{what} failed {JOB_TRIES} times.")


def _last_lines(output: IO[bytes], lines: int = 20) -> str:
    output.seek(0)
    return "\n".join(output.read().decode(errors="replace").splitlines()[-lines:])
