"""A report that a program sends is read from JSON at once: as FastAPI would read it after parsing, or not at all."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.entrypoints.api.new_report import NewReport

ID, DAY = "0193406e-2d7a-7c3b-8f00-1a2b3c4d5e6f", "2026-11-20T12:00:00+01:00"
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = PLAIN | st.sampled_from([ID, ID.upper(), DAY, "it", "api", "true"]) | st.lists(PLAIN, max_size=2)
REQUIRED: dict[str, Any] = {"category": "lift", "place_id": "p", "description": "è rotto"}
SHAPES: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(NewReport.model_fields, VALUES)
SHAPES["contact"] = st.dictionaries(st.sampled_from(["name", "email", "x"]), VALUES, max_size=2)
SHAPES["answers"] = st.dictionaries(st.text(max_size=2), VALUES, max_size=2)
BODIES = st.sets(st.sampled_from(sorted(SHAPES)), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: SHAPES[name] for name in names})
)


@given(BODIES)
@example({"report_id": ID, "heard_at": DAY, "frailty": "true", "contact": {"name": None}})
@example({"answers": {"a": True, "b": 1, "c": "x", "d": ["x", "y"], "e": "1"}})
def test_what_is_read_from_json_is_what_is_read_after_parsing(changed: dict[str, Any]) -> None:
    body = json.dumps(REQUIRED | changed)
    try:
        direct = NewReport.model_validate_json(body)
    except ValidationError:
        return  # FastAPI answers this one
    assert repr(direct) == repr(NewReport.model_validate(json.loads(body)))


def test_a_usual_report_is_read_from_json() -> None:
    read = NewReport.model_validate_json(json.dumps(REQUIRED | {"report_id": ID, "heard_at": DAY}))

    assert str(read.report_id) == ID
