"""The versions of lists that are documents of their own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Register:
    """A list that the agency edits: the version of the file that it was read from, and how often it has changed."""

    name: str
    version: str
    revision: int = 0
