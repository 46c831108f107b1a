"""Children that outlive the command that started them, and are ended by no one else's mistake."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.files import write_whole

LOG_LIMIT = 50 * 1024**2
TICK = 0.02


class StackError(Exception):
    """Says in one sentence what is wrong and what fixes it."""


def say(text: str) -> None:
    """Tells the person at the terminal something that is not a result."""
    print(text, file=sys.stderr, flush=True)


def identity(pid: int) -> str | None:
    """Names one life of a pid by boot and start time, None when it is over."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    # A first thread can be dead while others still hold the ports: only the last one's end counts.
    over = fields[0] in "ZX" and int(fields[17]) <= 1
    return None if over else f"{boot} {fields[19]}"


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by an earlier command: init reaps it


@dataclass(frozen=True)
class Child:
    """One detached process, known by its pidfile and by the moment it was born."""

    name: str
    folder: Path

    @property
    def pidfile(self) -> Path:
        """Holds the pid and its identity while the process is ours."""
        return self.folder / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        """Holds what the process printed."""
        return self.folder / f"{self.name}.log"

    def start(self, command: Sequence[str | Path], env: Mapping[str, str]) -> int:
        """Starts the process in a session of its own, with this environment and no other; answers its pid."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        words = [str(word) for word in command]
        out = (os.POSIX_SPAWN_OPEN, 1, str(self.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        quiet = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        pid = os.posix_spawn(
            words[0],
            words,
            env,
            file_actions=[quiet, out, (os.POSIX_SPAWN_DUP2, 1, 2)],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT],
        )
        write_whole(self.pidfile, f"{pid} {identity(pid) or 'gone'}\n")
        return pid

    def pid(self) -> int | None:
        """The pid while this very process lives, else None."""
        try:
            number, _, born = self.pidfile.read_text().strip().partition(" ")
            pid = int(number)
        except (OSError, ValueError):
            return None
        _reap(pid)
        return pid if identity(pid) == born else None

    def alive(self) -> bool:
        """Tells whether this very process lives."""
        return self.pid() is not None

    def send(self, number: signal.Signals, *, group: bool = False) -> None:
        """Sends a signal to this very process (or all of its session), and to nobody when it is gone."""
        pid = self.pid()
        if pid is None:
            return
        try:
            (os.killpg if group else os.kill)(pid, number)
        except ProcessLookupError:
            return

    def pause(self) -> None:
        """Freezes the process where it is."""
        self.send(signal.SIGSTOP, group=True)

    def resume(self) -> None:
        """Lets a frozen process go on."""
        self.send(signal.SIGCONT, group=True)

    def ask_to_stop(self) -> None:
        """Asks the process to end, frozen or not, and returns at once."""
        self.send(signal.SIGTERM)
        self.resume()

    def stop(self, deadline: float = 20.0) -> None:
        """Ends the process, by force after the deadline, and returns when it is gone."""
        life = self._life()
        self.ask_to_stop()
        if not self._gone_within(deadline, life):
            say(f"{self.name} did not stop within {deadline:.0f} s and is killed.")
            self.kill()
        self._forget(life)

    def kill(self) -> None:
        """Ends the process without a word and returns when it is gone."""
        life = self._life()
        self.send(signal.SIGKILL, group=True)
        if not self._gone_within(10.0, life):
            raise StackError(f"{self.name} survived a SIGKILL: look at its pid in {self.pidfile}.")
        self._forget(life)

    def wait_until(self, ready: Callable[[], bool], deadline: float) -> None:
        """Returns when `ready` says so; a death or the deadline raises, after the end of the log was shown."""
        end = time.monotonic() + deadline
        while not ready():
            if not self.alive():
                self._complain("ended before it was ready")
            if time.monotonic() > end:
                self._complain(f"was not ready within {deadline:.0f} s")
            time.sleep(TICK)

    def _complain(self, what: str) -> None:
        say(tail(self.log))
        raise StackError(f"{self.name} {what}: the lines above are the end of {self.log}.")

    def _life(self) -> str:
        """Which life of this child the pidfile is about; another one may begin as soon as this one is over."""
        try:
            return self.pidfile.read_text()
        except OSError:
            return ""

    def _forget(self, life: str) -> None:
        if self._life() == life:
            self.pidfile.unlink(missing_ok=True)

    def _gone_within(self, deadline: float, life: str) -> bool:
        end = time.monotonic() + deadline
        while self._life() == life and self.alive():
            if time.monotonic() > end:
                return False
            time.sleep(TICK)
        return True


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
