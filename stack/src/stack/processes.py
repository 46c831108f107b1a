"""Detached child processes: they outlive the command that started them, and are identified by pid and start time."""

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
    """An error in one sentence, with its fix."""


class ProcessFailedError(StackError):
    """A required process terminated, or makes no progress."""

    def __init__(self, child: "Child", what: str) -> None:
        """Takes the process and the end of the sentence about it."""
        super().__init__(f"{child.name} {what}: its log is {child.log}.")
        self.child = child


def print_stderr(text: str) -> None:
    """Prints a line to standard error: a message that is not a result."""
    print(text, file=sys.stderr, flush=True)


def identity(pid: int) -> str | None:
    """Identifies a process by boot id and start time; None when it has terminated."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    # The main thread can be a zombie while other threads still hold ports: the last thread counts.
    over = fields[0] in "ZX" and int(fields[17]) <= 1
    return None if over else f"{boot} {fields[19]}"


def used_seconds(pid: int) -> int:
    """The processor time of a process in whole seconds; 0 when it has terminated."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    user, system = stat[stat.rindex(")") + 2 :].split()[11:13]
    return (int(user) + int(system)) // os.sysconf("SC_CLK_TCK")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Blocks termination signals, so that the pid of a started process is always stored."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by an earlier command and reaped by init


@dataclass(frozen=True)
class Child:
    """One detached process, identified by its pidfile and its start time."""

    name: str
    folder: Path

    @property
    def pidfile(self) -> Path:
        """The file with pid and identity while the process runs."""
        return self.folder / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        """The file with the output of the process."""
        return self.folder / f"{self.name}.log"

    def start(self, command: Sequence[str | Path], env: Mapping[str, str]) -> int:
        """Starts the process in a new session with exactly this environment; returns its pid."""
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
        """The pid while this process runs, else None."""
        try:
            number, _, born = self.pidfile.read_text().strip().partition(" ")
            pid = int(number)
        except (OSError, ValueError):
            return None
        _reap(pid)
        return pid if identity(pid) == born else None

    def alive(self) -> bool:
        """Tells whether this process runs."""
        return self.pid() is not None

    def send(self, number: signal.Signals, *, group: bool = False) -> None:
        """Sends a signal to this process, or to its process group; does nothing when it has terminated."""
        pid = self.pid()
        if pid is None:
            return
        try:
            (os.killpg if group else os.kill)(pid, number)
        except ProcessLookupError:
            return

    def pause(self) -> None:
        """Stops the process group with SIGSTOP."""
        self.send(signal.SIGSTOP, group=True)

    def resume(self) -> None:
        """Continues a stopped process group."""
        self.send(signal.SIGCONT, group=True)

    def ask_to_stop(self) -> None:
        """Sends SIGTERM and SIGCONT, and returns at once."""
        self.send(signal.SIGTERM)
        self.resume()

    def stop(self, deadline: float = 20.0) -> None:
        """Terminates the process, with SIGKILL after the deadline; returns when it has terminated."""
        current = self._current()
        self.ask_to_stop()
        if not self._gone_within(deadline, current):
            print_stderr(f"{self.name} did not stop within {deadline:.0f} s; it is killed.")
            self.kill()
        self._forget(current)

    def kill(self) -> None:
        """Kills the process group with SIGKILL; returns when the process has terminated."""
        current = self._current()
        self.send(signal.SIGKILL, group=True)
        if not self._gone_within(10.0, current):
            raise StackError(f"{self.name} survived a SIGKILL: look at its pid in {self.pidfile}.")
        self._forget(current)

    def wait_until(self, ready: Callable[[], bool], seconds: float, beside: Sequence["Child"] = ()) -> None:
        """Returns when `ready` returns True.

        Raises ProcessFailedError when this process, or one of `beside`, terminates, or when this one makes no progress for
        `seconds`: it writes no output and uses no processor time.
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
        """Runs a command that needs this process and returns its exit code; raises ProcessFailedError when the process ends."""
        job = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        began, reported = time.monotonic(), 0
        try:
            while job.poll() is None:
                if not self.alive():
                    raise self.failed("ended while a job needed it")
                if (waited := int((time.monotonic() - began) / 10)) > reported:
                    reported = waited
                    self._print_wait(time.monotonic() - began)
                time.sleep(TICK)
        finally:
            job.kill()
            job.wait()
        return job.returncode

    def failed(self, what: str) -> ProcessFailedError:
        """Prints the end of the log and returns the exception about this process."""
        print_stderr(tail(self.log))
        return ProcessFailedError(self, what)

    def _progress(self) -> tuple[int, int]:
        pid = self.pid()
        return (self.log.stat().st_size if self.log.exists() else 0, used_seconds(pid) if pid else 0)

    def _print_wait(self, seconds: float) -> None:
        last = tail(self.log, 1) or "nothing yet"
        print_stderr(f"waiting for {self.name} ({seconds:.0f} s; its log says: {last})")

    def _current(self) -> str:
        """The content of the pidfile; a new process replaces it as soon as this one has terminated."""
        try:
            return self.pidfile.read_text()
        except OSError:
            return ""

    def _forget(self, current: str) -> None:
        if self._current() == current:
            self.pidfile.unlink(missing_ok=True)

    def _gone_within(self, deadline: float, current: str) -> bool:
        end = time.monotonic() + deadline
        while self._current() == current and self.alive():
            if time.monotonic() > end:
                return False
            time.sleep(TICK)
        return True


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log; empty when it does not exist."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
