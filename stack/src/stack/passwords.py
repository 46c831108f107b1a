"""The passwords of an engine's users."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from stack.files import has_content, write_atomically
from stack.processes import StackError


@dataclass(frozen=True)
class Passwords:
    """One file per user that only its owner can read, named by a pattern such as `{}_kafka_password`."""

    folder: Path
    pattern: str

    def file(self, user: str) -> Path:
        """Where a user's password is."""
        return self.folder / self.pattern.format(user)

    def __getitem__(self, user: str) -> str:
        """A user's password, made now when there is none."""
        self.make(user)
        return self.file(user).read_text().strip()

    def make(self, *users: str) -> None:
        """Gives a random password to those who have none."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for user in users:
            if not has_content(self.file(user)):
                write_atomically(self.file(user), secrets.token_hex(32), mode=0o600)


def refuse_without_lock(data: Path, password: Path) -> None:
    """Raises StackError for data that an engine kept before it had a lock: nobody could come in."""
    if data.exists() and not has_content(password):
        raise StackError(
            f"The data in {data.parent} have no administrator's password in {password}: put that file back, or end what "
            "uses them (`make down`), remove that folder and start again."
        )
