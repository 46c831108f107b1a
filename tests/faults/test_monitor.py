"""The monitor retries while an engine does not answer."""

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


def test_end_offsets_are_retried_until_the_broker_answers() -> None:
    assert InitiallyUnavailable(away=2).end_offsets_with_retries() == ENDS


def test_a_broker_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "PATIENCE", 0.0)
    with pytest.raises(EngineUnavailable):
        InitiallyUnavailable(away=1_000).end_offsets_with_retries()
