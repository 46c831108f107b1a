"""Looking at a stand from outside while anything of it may be away."""

import pytest
from bench.faults import watch
from bench.faults.watch import Away, Watch

Places = dict[tuple[str, int], int]
ENDS: Places = {("intake.reports", 0): 7}


class FromAfar(Watch):
    """A watch whose broker answers only after so many questions."""

    def __init__(self, away: int) -> None:
        self.away = away

    def ends(self) -> Places:
        self.away -= 1
        if self.away >= 0:
            raise Away("the leader has another epoch")
        return ENDS


def test_marks_are_asked_for_until_the_broker_answers() -> None:
    assert FromAfar(away=2).marks() == ENDS


def test_a_broker_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 0.0)
    with pytest.raises(Away):
        FromAfar(away=1_000).marks()
