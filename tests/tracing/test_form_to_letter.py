"""One trace goes from the form to the letter, through real services on real engines."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import state_of_our_own
from tests.intake.lists import HEADER, listed, row_of
from tests.tracing.collector import Collector, Seen, check_closed, collecting, parents, tree

from contracts.permissions import SERVICES
from stack.mailbox import read_mails
from stack.system import System
from stack.tools import Tools

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

PERSONAL = ("Maria Esempio", "maria.esempio@example.org", "ascensore", "333 1234567")


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def system(tools: Tools, collector: Collector) -> Iterator[System]:
    """The whole system, told of the collector."""
    with state_of_our_own() as state:
        system = System(state)
        try:
            system.launch_issuer()
            system.start_engines()
            system.start_mailbox()
            system.start_issuer()
            system.provision()
            for name in SERVICES:
                system.launch_service(name, 0, {f"{name.upper()}_OTLP_ENDPOINT": collector.url})
            for name in SERVICES:
                system.wait_service(name)
            yield system
        finally:
            system.stop()


def wait(there: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def report(system: System, **headers: str) -> tuple[str, str, str]:
    """A report over the API; its id, tracking code and PIN."""
    intake = system.url("intake")
    with httpx.Client(base_url=intake, timeout=15, trust_env=False) as client:
        place = client.get("/v1/places").json()["places"][0]["id"]
        body = {
            "category": client.get("/v1/categories").json()["categories"][0]["code"],
            "place_id": place,
            "description": "L'ascensore è fermo da ieri.",
            "contact": {"name": PERSONAL[0], "email": PERSONAL[1], "phone": PERSONAL[3]},
        }
        answer = client.post("/v1/reports", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        status = client.get(made["status_url"], headers={"Ascolto-Pin": made["pin"]})
        assert status.status_code == 200
        return made["report_id"], made["tracking_code"], made["pin"]


def about(spans: list[Seen], report_id: str) -> list[Seen]:
    """Every span of the traces in which this report is named."""
    traces = {span.trace for span in spans if span.attributes.get("ascolto.correlation") == report_id}
    return [span for span in spans if span.trace in traces]


def sent(collector: Collector, report_id: str, letters: int) -> list[Seen]:
    def there(spans: object) -> bool:
        names = [span.kind for span in about(list(collector.spans), report_id)]
        return (
            names.count("notify: smtp send") >= letters
            and names.count("notify: job result RecordSending") >= letters
        )

    collector.wait(there, 60)
    time.sleep(2.5)  # what the last steps publish is exported a second later
    return about(list(collector.spans), report_id)


def test_one_trace_goes_from_the_form_to_the_letter(system: System, collector: Collector) -> None:
    first, *_ = report(system)  # while connections are made and caches are empty
    sent(collector, first, 2)
    report_id, code, pin = report(system)

    spans = sent(collector, report_id, 2)

    print(tree(spans))  # noqa: T201 - the example in docs/tracing.md
    assert len({span.trace for span in spans}) == 1
    assert {
        ("intake: http request", ""),
        ("intake: command RegisterReport", "intake: http request"),
        ("intake: publish report-registered.v1", "intake: command RegisterReport"),
        ("routing: event ReportRegistered", "intake: publish report-registered.v1"),
        ("routing: publish case-opened.v1", "routing: event ReportRegistered"),
        ("notify: event ReportRegistered", "intake: publish report-registered.v1"),
        ("notify: event CaseOpened", "routing: publish case-opened.v1"),
        ("intake: event CaseOpened", "routing: publish case-opened.v1"),
        ("notify: smtp send", "notify: job SendMessage"),
        ("notify: job result RecordSending", "notify: job SendMessage"),
        ("notify: publish message-sent.v1", "notify: job result RecordSending"),
        ("intake: http request", "notify: job SendMessage"),
    } <= parents(spans)
    assert {parent for child, parent in parents(spans) if child == "notify: job SendMessage"} <= {
        "notify: event ReportRegistered",
        "notify: event CaseOpened",
    }
    assert not [span for span in spans if span.failed]
    check_closed(collector.spans, (*PERSONAL, code, pin))
    assert any(mail.to.endswith(PERSONAL[1]) for mail in read_mails(system.mails))


def test_a_trace_that_somebody_else_began_is_continued(system: System, collector: Collector) -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

    report_id, *_ = report(system, traceparent=f"00-{trace}-{span}-01")

    spans = sent(collector, report_id, 1)
    assert {one.trace for one in spans} == {trace}
    assert next(one.parent for one in spans if one.name == "http request") == span


def test_each_imported_row_is_a_trace_of_its_own(
    system: System, collector: Collector, tmp_path: Path
) -> None:
    file = listed(tmp_path, HEADER + "".join(map(row_of, (1, 2, 3))))
    words = ["import", str(file), "--url", system.url("intake")]
    words += ["--secret", str(system.secrets.key("intake")), "--result", str(tmp_path / "result.csv")]
    env = {"PATH": "/usr/bin:/bin", "INTAKE_OTLP_ENDPOINT": collector.url}

    done = subprocess.run([sys.executable, "-m", "intake", *words], env=env, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    rows = [one for one in collector.spans if one.name == "import row"]
    assert len({one.trace for one in rows}) == 3
    assert {one.attributes["ascolto.outcome"] for one in rows} == {"accepted"}
    wanted = {one.id for one in rows}
    collector.wait(lambda spans: wanted <= {one.parent for one in spans if one.name == "http request"})
