"""The generated events are what intake would publish."""

from bench.events import reports

from chassis.consumer.records import read
from chassis.transaction.parked import Record
from contracts.intake import ReportRegistered


def test_the_same_seed_gives_the_same_events() -> None:
    assert list(reports(5, 20)) == list(reports(5, 20))
    assert list(reports(5, 20)) != list(reports(6, 20))


def test_every_event_is_understood_and_about_its_own_subject() -> None:
    subjects = set()
    for number, event in enumerate(reports(5, 50)):
        record = Record("intake.reports", 0, number, event.subject.encode(), event.body, event.headers)
        found = read(record, 0)
        assert found.unreadable is None
        assert isinstance(found.body, ReportRegistered)
        assert found.id == event.id
        subjects.add(event.subject)
    assert len(subjects) == 50
