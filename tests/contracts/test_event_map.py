"""The event map follows the source code of the services, and agrees with the table of topics."""

import shutil
from pathlib import Path

import pytest

from contracts import event_map
from stack.tools import REPOSITORY


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    skipped = shutil.ignore_patterns("__pycache__", "templates")
    for name in ("services", "chassis/src/chassis"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=skipped)
    return tmp_path


def plant(copy: Path, name: str, before: str, after: str) -> None:
    path = copy / "services" / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_services_and_topics_agree_about_publishers_and_subscribers() -> None:
    assert event_map.problems(REPOSITORY) == []


def test_the_map_follows_the_services(copy: Path) -> None:
    before = event_map.page(copy)
    plant(copy, "routing/src/routing/handlers/reactions.py", "withdrawn_case)", "withdrawn_case_gently)")

    assert event_map.page(copy) != before
    assert "`close_withdrawn_case_gently`" in event_map.page(copy)


def test_a_subscription_that_the_table_of_topics_lacks_is_found(copy: Path) -> None:
    plant(
        copy,
        "routing/src/routing/handlers/reactions.py",
        '"intake.sessions")',
        '"intake.sessions", "notify.messages")',
    )

    assert any("notify.messages" in one for one in event_map.problems(copy))


def test_an_event_published_by_another_service_than_the_owner_is_found(copy: Path) -> None:
    plant(
        copy,
        "notify/src/notify/handlers/record_outcome.py",
        "from contracts.notify import",
        "from contracts.routing import CaseOpened\nSTOLEN = CaseOpened()\nfrom contracts.notify import",
    )

    assert any("case-opened.v1" in one and "notify" in one for one in event_map.problems(copy))


def test_an_event_that_no_service_publishes_is_a_draft(copy: Path) -> None:
    before = event_map.drafts(copy)
    plant(copy, "routing/src/routing/handlers/escalate_case.py", "CaseEscalated(", "dict(")

    assert event_map.drafts(copy) - before == {"case-escalated.v1"}
    assert "CaseEscalated `case-escalated.v1` (draft: not published yet)" in event_map.page(copy)
