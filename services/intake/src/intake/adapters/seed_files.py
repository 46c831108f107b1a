"""The registers as files: deploy/seed/intake/categories.yaml and places.yaml."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from intake.domain.registers import Category, Kind, Place, Register, Urgency

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class UnusableSeed(ValueError):
    """A seed file cannot be used; the text says which, where in it and how to correct it."""


def read_categories(folder: Path) -> Register:
    """The register of categories; raises UnusableSeed."""
    file = folder / "categories.yaml"
    content, tree = _read(file)
    try:
        categories = tuple(_category(row) for row in tree["categories"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(file, error) from error
    _check(file, [category.code for category in categories])
    return Register("categories", _version(content), categories=categories)


def read_places(folder: Path) -> Register:
    """The register of places; raises UnusableSeed."""
    file = folder / "places.yaml"
    content, tree = _read(file)
    try:
        places = tuple(_places(tree["provinces"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(file, error) from error
    _check(file, [place.id for place in places])
    return Register("places", _version(content), places=places)


def _category(row: Mapping[str, Any]) -> Category:
    return Category(
        code=_code(row["code"]),
        label=str(row["label"]),
        kind=Kind(row["kind"]),
        urgency=Urgency(row["urgency"]),
        examples=tuple(map(str, row.get("examples", ()))),
    )


def _places(provinces: Iterable[Mapping[str, Any]]) -> Iterable[Place]:
    for province in provinces:
        for neighbourhood in province["neighbourhoods"]:
            for place in neighbourhood["places"]:
                yield Place(
                    id=_code(place["id"]),
                    label=str(place["label"]),
                    neighbourhood=_code(neighbourhood["code"]),
                    neighbourhood_label=str(neighbourhood["label"]),
                    province=_code(province["code"]),
                    province_label=str(province["label"]),
                )


def _read(file: Path) -> tuple[bytes, Any]:
    try:
        content = file.read_bytes()
        return content, yaml.safe_load(content)
    except OSError as error:
        raise UnusableSeed(
            f"{file} cannot be read ({error.strerror}): set INTAKE_SEED to the folder that has it"
        ) from error
    except yaml.YAMLError as error:
        raise UnusableSeed(f"{file} is not YAML: {error}") from error


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _code(value: object) -> str:
    if not _CODE.fullmatch(str(value)):
        raise ValueError(f"{value!r} is not a code: use lower case letters, digits, dot, dash and underscore")
    return str(value)


def _check(file: Path, codes: list[str]) -> None:
    twice = [code for code, count in Counter(codes).items() if count > 1]
    if twice or not codes:
        raise UnusableSeed(
            f"{file}: " + (f"{twice[0]} is there twice; keep one" if twice else "there is nothing in it")
        )


def _unusable(file: Path, error: Exception) -> UnusableSeed:
    what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return UnusableSeed(f"{file}: {what}; correct it and start again")
