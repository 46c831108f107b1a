"""A message reaches a final status once, and the thread counts it."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from notify.domain.messages import EMAIL, Message, Status, Thread, finished

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PENDING = Message("m", "r", "report-received", EMAIL, Status.PENDING, NOW)
ENDS = st.sampled_from([Status.SENT, Status.FAILED, Status.SUPPRESSED])


@settings(deadline=None)
@given(ENDS, ENDS)
def test_a_final_status_stays(first: Status, second: Status) -> None:
    message = finished(PENDING, first, NOW)

    assert message is not None
    assert message.status is first
    assert finished(message, second, NOW) is None


@settings(deadline=None)
@given(st.lists(ENDS))
def test_a_thread_counts_every_message_once(ends: list[Status]) -> None:
    thread = Thread("r")
    for _ in ends:
        thread = thread.moved(None, Status.PENDING)
    for end in ends:
        thread = thread.moved(Status.PENDING, end)

    assert thread.pending == 0
    assert (thread.sent, thread.failed, thread.suppressed) == tuple(
        ends.count(status) for status in (Status.SENT, Status.FAILED, Status.SUPPRESSED)
    )
