"""The passwords of an engine's users."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from stack.files import has_content, write_atomically
from stack.processes import StackError


@dataclass(frozen=True)
class Passwords:
    """Passwords in one file per user, readable by the owner only and named by a pattern such as `{}_kafka_password`."""

    folder: Path
    pattern: str

    def file(self, user: str) -> Path:
        """The file of a user's password."""
        return self.folder / self.pattern.format(user)

    def __getitem__(self, user: str) -> str:
        """The password of a user, created when there is none."""
        self.make(user)
        return self.file(user).read_text().strip()

    def make(self, *users: str) -> None:
        """Creates a random password for every user without one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for user in users:
            if not has_content(self.file(user)):
                write_atomically(self.file(user), secrets.token_hex(32), mode=0o600)


def require_password(data: Path, password: Path) -> None:
    """Raises StackError when the data of an engine exist and the administrator's password does not."""
    if data.exists() and not has_content(password):
        raise StackError(
            f"The data in {data.parent} have no administrator's password in {password}: restore that file, or stop what "
            "uses them (`make down`), delete the folder and start again."
        )
