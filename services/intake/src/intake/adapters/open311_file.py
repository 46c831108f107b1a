"""Reads open311.yaml, which the agency edits: the jurisdiction_id and the keys of other organisations' programs."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from chassis.seed import Code, Row, Text, load, read, refuse, twice
from intake.domain.api_keys import ApiKey, Open311

FILE = "open311.yaml"


class _Key(Row):
    name: Code
    owner: Text
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    per_minute: Annotated[int, Field(ge=1, le=6000)] = 60
    revoked: bool = False


class _Open311File(Row):
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,99}$")]
    keys: tuple[_Key, ...] = ()


def read_open311(folder: Path) -> Open311:
    """The settings of Open311, without the file no key and no jurisdiction_id; raises SeedError with every error."""
    if not (folder / FILE).exists():
        return Open311("")
    file = load(folder / FILE)
    written = read(file, _Open311File)
    places = [
        [(("keys", number, field), getattr(key, field)) for number, key in enumerate(written.keys)]
        for field in ("name", "sha256")
    ]
    refuse([fault for found in places for fault in twice(file, found)])
    keys = tuple(ApiKey(key.name, key.owner, key.sha256, key.per_minute, key.revoked) for key in written.keys)
    return Open311(written.jurisdiction, keys)
