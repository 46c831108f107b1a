"""Children that outlive the command that started them, and are ended by no one else's mistake."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stack.files import write_atomically
from stack.progress import ProgressTimeout

LOG_LIMIT = 50 * 1024**2
TICK = 0.02


class StackError(Exception):
    """Says in one sentence what is wrong and what fixes it."""


class ProcessFailedError(StackError):
    """Says which process ended, or stands still, while it was needed."""

    def __init__(self, child: "Child", what: str) -> None:
        """Names the process and what became of it."""
        super().__init__(f"{child.name} {what}: its log is {child.log}.")
        self.child = child


def print_stderr(text: str) -> None:
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


def used_seconds(pid: int) -> int:
    """How many whole seconds of processor time a process has used; 0 when it is over."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    user, system = stat[stat.rindex(")") + 2 :].split()[11:13]
    return (int(user) + int(system)) // os.sysconf("SC_CLK_TCK")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Holds back requests to end: a process whose pid is not written down yet could never be found again."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
        with _uninterrupted():
            pid = os.posix_spawn(
                words[0],
                words,
                env,
                file_actions=[quiet, out, (os.POSIX_SPAWN_DUP2, 1, 2)],
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGPIPE, signal.SIGINT],
            )
            write_atomically(self.pidfile, f"{pid} {identity(pid) or 'gone'}\n")
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
            print_stderr(f"{self.name} did not stop within {deadline:.0f} s and is killed.")
            self.kill()
        self._forget(life)

    def kill(self) -> None:
        """Ends the process without a word and returns when it is gone."""
        life = self._life()
        self.send(signal.SIGKILL, group=True)
        if not self._gone_within(10.0, life):
            raise StackError(f"{self.name} survived a SIGKILL: look at its pid in {self.pidfile}.")
        self._forget(life)

    def wait_until(self, ready: Callable[[], bool], seconds: float, beside: Sequence["Child"] = ()) -> None:
        """Returns when `ready` says so.

        Raises ProcessFailedError when this process, or one beside it, is over, or when this one made no progress for so
        many seconds: it wrote nothing and hardly used the processor.
        """
        timeout = ProgressTimeout(seconds, self._progress, self._print_wait)
        while not ready():
            if gone := next((one for one in (self, *beside) if not one.alive()), None):
                raise gone.failed(
                    "ended before it was ready" if gone == self else f"ended before {self.name} was ready"
                )
            if trouble := timeout.expired():
                raise self.failed(trouble)
            time.sleep(TICK)

    def run_beside(self, command: Sequence[str], env: Mapping[str, str], output: IO[bytes]) -> int:
        """Runs a command that needs this process and returns its exit code; ProcessFailedError when this one is over."""
        job = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        began, spoken = time.monotonic(), 0
        try:
            while job.poll() is None:
                if not self.alive():
                    raise self.failed("ended while a job needed it")
                if (waited := int((time.monotonic() - began) / 10)) > spoken:
                    spoken = waited
                    self._print_wait(time.monotonic() - began)
                time.sleep(TICK)
        finally:
            job.kill()
            job.wait()
        return job.returncode

    def failed(self, what: str) -> ProcessFailedError:
        """The exception that says what became of this process, after the end of its log was shown."""
        print_stderr(tail(self.log))
        return ProcessFailedError(self, what)

    def _progress(self) -> tuple[int, int]:
        pid = self.pid()
        return (self.log.stat().st_size if self.log.exists() else 0, used_seconds(pid) if pid else 0)

    def _print_wait(self, seconds: float) -> None:
        last = tail(self.log, 1) or "nothing yet"
        print_stderr(f"waiting for {self.name} ({seconds:.0f} s; its log says: {last})")

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
