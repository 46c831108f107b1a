"""The monitor retries while an engine does not answer, and knows what the services have handled."""

from collections.abc import Mapping
from typing import Any

import pytest
from bench.faults import monitor
from bench.faults.monitor import EngineUnavailable, Monitor

Places = dict[tuple[str, int], int]
ENDS: Places = {("intake.reports", 0): 7}


class InitiallyUnavailable(Monitor):
    """A monitor whose broker answers only after some requests."""

    def __init__(self, away: int) -> None:
        self.away = away

    def end_offsets(self) -> Places:
        self.away -= 1
        if self.away >= 0:
            raise EngineUnavailable("the leader has another epoch")
        return ENDS


class PassedOver(Monitor):
    """Services have handled two records, and passed over five that change nothing."""

    def __init__(self) -> None:
        """Needs no environment."""

    def _rows(self, service: str, collection: str, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert (collection, where) == ("fences", {}), service
        return [{"topic": "intake.reports", "partition": 0, "next": 2}]

    def group_offsets(self, service: str) -> Places:
        assert service
        return {("intake.reports", 0): 7}


def test_a_recovery_counts_what_was_passed_over_and_an_audit_waits_for_the_fences() -> None:
    subscribers = sum("intake.reports" in topics for topics in monitor.SUBSCRIPTIONS.values())

    assert PassedOver().lag(ENDS, by_groups=True) == 0
    assert PassedOver().lag(ENDS) == 5 * subscribers > 0


def test_end_offsets_are_retried_until_the_broker_answers() -> None:
    assert InitiallyUnavailable(away=2).end_offsets_with_retries() == ENDS


def test_a_broker_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "PATIENCE", 0.0)
    with pytest.raises(EngineUnavailable):
        InitiallyUnavailable(away=1_000).end_offsets_with_retries()
