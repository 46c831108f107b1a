"""The agency's own words for codes, from words.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chassis.seed import Code, Fault, Row, SeedFile, Text, load, loose, read, refuse

OTHERWISE = "otherwise"
# What can be said today (contracts/: routing.cases, subsidies.applications): a name that is not one of these is a slip.
GROUPS = {
    "routes": ("operator", "technical-office", "admin-office", "social-services", "emergency", OTHERWISE),
    "outcomes": ("solved", "handed-off", "unfounded", "withdrawn", OTHERWISE),
    "documents": (
        "isee-attestation",
        "tenancy-contract",
        "household-declaration",
        "arrears-statement",
        OTHERWISE,
    ),
}


@dataclass(frozen=True)
class Words:
    """What codes are called; each group has an `otherwise` for codes that are not known yet."""

    signature: str
    where_to_bring: str
    where_to_read: str
    routes: dict[str, str]
    outcomes: dict[str, str]
    documents: dict[str, str]

    def of(self, group: dict[str, str], code: str) -> str:
        """The words for a code."""
        return group.get(code, group[OTHERWISE])


class _WordsFile(Row):
    signature: Text
    where_to_bring: Text
    where_to_read: Text
    routes: dict[Code, Text]
    outcomes: dict[Code, Text]
    documents: dict[Code, Text]


def read_words(folder: Path) -> Words:
    """Read and check words.yaml; raises SeedError."""
    file = load(folder / "words.yaml")
    words = Words(**read(file, _WordsFile).model_dump())
    refuse(fault for group, known in GROUPS.items() for fault in _faults(file, group, known))
    return words


def _faults(file: SeedFile, group: str, known: tuple[str, ...]) -> Iterator[Fault]:
    written = list(file.value[group])
    yield from loose(file, [((group, code), code) for code in written], known)
    if OTHERWISE not in written:
        yield file.fault((group,), f"write `{OTHERWISE}` too, for codes that are not known yet")
