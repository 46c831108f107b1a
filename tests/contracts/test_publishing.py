"""A service cannot publish an invalid event: every event instance is validated and immutable."""

import ast
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.base import Event
from contracts.samples import examples, invalid
from contracts.topics import BY_TYPE
from stack.tools import REPOSITORY

# Methods of pydantic that create or change a model without validation.
UNVALIDATED = {"model_construct", "model_copy", "construct", "copy"}


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=lambda one: one.type_tag)
def test_an_invalid_event_cannot_be_created(event: type[Event]) -> None:
    for one in invalid(event):
        with pytest.raises(ValidationError, match=one.field):
            event.model_validate_json(json.dumps(one.body), strict=True)


def test_an_event_cannot_be_changed() -> None:
    body = examples(BY_TYPE["case-resolved.v1"])[0].body
    event = BY_TYPE["case-resolved.v1"](**body)

    with pytest.raises(ValidationError, match="frozen"):
        event.outcome = "It is done."  # type: ignore[attr-defined]


def test_no_publisher_creates_an_event_without_validation() -> None:
    handlers = REPOSITORY.glob("services/*/src/*/handlers/*.py")
    for file in [*handlers, *(REPOSITORY / "chassis/src").rglob("*.py")]:
        found = attributes(file) & UNVALIDATED
        assert not found, f"{file}: {found}"


def attributes(file: Path) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
