"""Every stored document has a frozen form; a change of it is an upcaster that the previous build can live with."""

import copy
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from tests.architecture.stored_forms import ROOT, Form, breaks, collections, file_of, form_of

from chassis.documents import Collection

KEPT = list(collections())
NAMED = [pytest.param(service, kept, id=f"{service}.{kept.name}") for service, kept in KEPT]


def read(service: str, collection: str, number: int) -> Form:
    found: Form = json.loads(file_of(service, collection, number).read_text())
    return found


@pytest.mark.parametrize(("service", "kept"), NAMED)
def test_the_form_that_is_written_is_the_frozen_one(service: str, kept: Collection[Any]) -> None:
    assert form_of(kept) == read(service, kept.name, kept.schema), (
        f"{service}.{kept.name} differs from its frozen form {kept.schema}: add an upcaster to the collection and run "
        "python -m tests.architecture.stored_forms (docs/upgrading.md)"
    )


@pytest.mark.parametrize(("service", "kept"), NAMED)
def test_the_previous_build_can_work_on_what_each_step_writes(service: str, kept: Collection[Any]) -> None:
    forms = [read(service, kept.name, number) for number in range(1, kept.schema + 1)]

    for number, (before, after) in enumerate(pairwise(forms), 1):
        assert breaks(before, after) == [], (
            f"{service}.{kept.name} from form {number} to the next: take two releases"
        )


def test_no_form_is_frozen_that_nobody_keeps() -> None:
    wanted = {file_of(service, kept.name, n) for service, kept in KEPT for n in range(1, kept.schema + 1)}

    assert set(ROOT.glob("services/*/forms/*")) == wanted


@dataclass(frozen=True)
class Inner:
    word: str


@dataclass(frozen=True)
class Before:
    """A docstring is no part of the form."""

    id: str
    inner: Inner
    spare: int = 0


def changed(change: Any) -> Form:
    form = form_of(Collection("things", Before, lambda one: one.id))
    after = copy.deepcopy(form)
    change(after)
    return after


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda form: form["properties"].pop("id"), ["id is missing, and the previous build requires it"]),
        (lambda form: form["properties"].pop("spare"), []),
        (lambda form: form["properties"].update(more={"type": "string"}), []),
        (lambda form: form["properties"]["id"].update(type="integer"), ["id has another type"]),
        (
            lambda form: form["$defs"]["Inner"]["properties"].update(x={"type": "string"}),
            ["inner has another type"],
        ),
    ],
)
def test_a_step_that_breaks_the_previous_build_is_named(change: Any, why: list[str]) -> None:
    before = form_of(Collection("things", Before, lambda one: one.id))

    assert breaks(before, changed(change)) == why


def test_words_about_a_form_are_no_part_of_it() -> None:
    assert "docstring" not in json.dumps(form_of(Collection("things", Before, lambda one: one.id)))


def test_what_the_guide_shows_runs_and_its_links_lead_somewhere() -> None:
    guide = (ROOT / "docs" / "upgrading.md").read_text()
    [snippet] = re.findall(r"^```python\n((?:.*\n)*?)^```$", guide, re.MULTILINE)

    exec(snippet, {})
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", guide):
        assert (ROOT / "docs" / link).exists(), link
