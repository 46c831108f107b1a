"""The frozen forms of the services' documents; `python -m tests.architecture.stored_forms` adds new ones."""

import importlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.http.services import SERVICES, settings_of

from chassis.documents import Collection

ROOT = Path(__file__).parents[2]
Form = dict[str, Any]


def collections() -> Iterator[tuple[str, Collection[Any]]]:
    """Every collection of every service."""
    with tempfile.TemporaryDirectory() as folder:
        for name in SERVICES:
            plan = importlib.import_module(f"{name}.main").plan(settings_of(name, Path(folder)))
            for collection in plan.collections:
                yield name, collection


def file_of(service: str, collection: str, number: int) -> Path:
    """The file of a frozen form."""
    return ROOT / "services" / service / "forms" / f"{collection}.{number}.json"


def form_of(collection: Collection[Any]) -> Form:
    """The JSON Schema that the present build reads, without descriptions and titles."""
    found: Form = _without_descriptions(
        json.loads(json.dumps(collection.adapter.json_schema(mode="validation")))
    )
    return found


def _without_descriptions(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_descriptions(one) for one in part]
    if not isinstance(part, dict):
        return part
    words = [name for name in ("description", "title") if isinstance(part.get(name), str)]
    return {name: _without_descriptions(value) for name, value in part.items() if name not in words}


def breaks(before: Form, after: Form) -> list[str]:
    """Why a build that knows `before` cannot work on documents in the form `after`."""
    kept, new = _properties(before), _properties(after)
    gone = [
        f"{name} is missing, and the previous build requires it"
        for name in before.get("required", ())
        if name not in new
    ]
    changed = [f"{name} has another type" for name in kept if name in new and kept[name] != new[name]]
    return gone + changed


def _properties(form: Form) -> dict[str, Any]:
    definitions = form.get("$defs", {})
    return {name: _resolved(one, definitions, ()) for name, one in form.get("properties", {}).items()}


def _resolved(part: Any, definitions: Form, inside: tuple[str, ...]) -> Any:
    if isinstance(part, list):
        return [_resolved(one, definitions, inside) for one in part]
    if not isinstance(part, dict):
        return part
    name = str(part.get("$ref", "")).rpartition("/")[2]
    if name and name not in inside:
        return _resolved(definitions[name], definitions, (*inside, name))
    return {word: _resolved(value, definitions, inside) for word, value in part.items()}


def main() -> None:
    """Freeze new forms; frozen forms are never overwritten."""
    for service, collection in collections():
        file = file_of(service, collection.name, collection.schema)
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            file.write_text(json.dumps(form_of(collection), indent=1, sort_keys=True) + "\n")
            sys.stdout.write(f"frozen: {file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
