"""The catalogue of the agency, from words.yaml."""

from collections.abc import Iterator
from pathlib import Path

from chassis.seed import Code, Fault, Row, SeedFile, Text, load, loose, read, refuse
from notify.domain.catalogue import OTHERWISE, Catalogue

# The codes in today's contracts (routing.cases, subsidies.applications); any other code in the file is a mistake.
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


class _CatalogueFile(Row):
    signature: Text
    where_to_bring: Text
    where_to_read: Text
    routes: dict[Code, Text]
    outcomes: dict[Code, Text]
    documents: dict[Code, Text]


def read_catalogue(folder: Path) -> Catalogue:
    """Read and check words.yaml; raises SeedError for unknown fields and codes, and for a group without `otherwise`."""
    file = load(folder / "words.yaml")
    catalogue = Catalogue(**read(file, _CatalogueFile).model_dump())
    refuse(fault for group, known in GROUPS.items() for fault in _faults(file, group, known))
    return catalogue


def _faults(file: SeedFile, group: str, known: tuple[str, ...]) -> Iterator[Fault]:
    written = list(file.value[group])
    yield from loose(file, [((group, code), code) for code in written], known)
    if OTHERWISE not in written:
        yield file.fault((group,), f"write `{OTHERWISE}` too, for codes that are not known yet")
