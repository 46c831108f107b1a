"""Loopback ports that persist between starts."""

import json
import random
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from stack.files import mutex, write_atomically
from stack.processes import StackError, print_stderr

HOST = "127.0.0.1"
# Below the kernel's range of ephemeral ports, so that no outgoing connection occupies one.
RANGE = range(20_000, 32_000)
# A process that was just killed may hold its port for a moment.
RELEASE_SECONDS = 1.0


def is_free(port: int) -> bool:
    """Tells whether a server can listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free loopback port; raises StackError when there is none."""
    for port in random.sample(RANGE, 200):
        if is_free(port):
            return port
    raise StackError(
        f"No port between {RANGE.start} and {RANGE.stop} is free: stop the processes that use them and run again."
    )


def answers(port: int) -> bool:
    """Tells whether a process accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


@dataclass(frozen=True)
class Ports:
    """The ports of one process, chosen once and stored in its folder."""

    folder: Path

    @property
    def file(self) -> Path:
        """The file of the ports."""
        return self.folder / "ports.json"

    def __getitem__(self, name: str) -> int:
        """The port of this name, chosen at the first call."""
        known = self._load()
        return known[name] if name in known else self._choose(name)

    def claim(self, name: str) -> int:
        """The port of this name for a process that starts now; a busy one is replaced with a message on standard error."""
        port = self[name]
        deadline = time.monotonic() + RELEASE_SECONDS
        while time.monotonic() < deadline:
            if is_free(port):
                return port
            time.sleep(0.05)
        chosen = self._choose(name, instead_of=port)
        print_stderr(
            f"Port {port} of {self.folder.name} ({name}) is used by another process; {chosen} is used from now on."
        )
        return chosen

    def _load(self) -> dict[str, int]:
        try:
            found = json.loads(self.file.read_text())
            return {str(name): int(port) for name, port in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # a malformed file is replaced

    def _choose(self, name: str, instead_of: int = 0) -> int:
        # `up` and `status` may choose at the same time: both must get the same port.
        with mutex(self.folder / "ports.lock"):
            known = self._load()
            if known.get(name, instead_of) == instead_of:
                known[name] = free_port()
                write_atomically(self.file, json.dumps(known, indent=1) + "\n")
            return known[name]
