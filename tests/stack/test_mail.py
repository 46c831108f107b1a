"""A tenant answers our mail: on real engines it becomes part of the report, and nothing is lost or double when they fail."""

import smtplib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.mail_corpus import mail, part, several, text
from tests.intake.photo_files import file_of, picture

from stack.mailbox import Mail, read_mails
from stack.system import System
from stack.tools import Tools

pytestmark = pytest.mark.engines
TENANT = "ida.finta@example.org"


@pytest.fixture(scope="module")
def system(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The engines with intake, notify and what these need."""
    system = System(Path(tmp_path_factory.mktemp("mail")))
    try:
        system.start_engines()
        system.start_mailbox()
        system.start_issuer()
        system.provision()
        system.start_service("intake")
        system.start_service("notify")
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="module")
def report(system: System) -> dict[str, str]:
    """A report with the address of its reporter."""
    body = {
        "category": "ascensore",
        "place_id": "bg-malpensata-01",
        "description": "È fermo",
        "contact": {"name": "Ida Finta", "email": TENANT},
    }
    made: dict[str, str] = httpx.post(f"{system.url('intake')}/v1/reports", json=body, timeout=60).json()
    return made


def wait_for(system: System, wanted: Callable[[Mail], bool]) -> Mail:
    """The first mail that we sent and that is wanted."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := [one for one in read_mails(system.mails) if wanted(one)]:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no such mail among {[one.subject for one in read_mails(system.mails)]}")


def deliver(system: System, raw: bytes, recipient: str) -> int:
    """The reply code of a delivery; 0 when the connection was lost."""
    host, _, port = system.addresses()["lmtp"].partition(":")
    try:
        with smtplib.LMTP(host, int(port), timeout=60) as client:
            client.sendmail(TENANT, [recipient], raw)
    except smtplib.SMTPServerDisconnected:
        return 0
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    return 250


async def additions(system: System, report: dict[str, str]) -> int:
    """How many additions of the tenant the status page of the report shows."""
    async with httpx.AsyncClient(base_url=system.url("intake"), timeout=60) as client:
        ask = await Page.open(client, "/stato")
        page = await ask.send({"code": report["tracking_code"], "pin": report["pin"]})
        return page.text.count("Ha aggiunto informazioni")


def photos_of(system: System, report: dict[str, str]) -> int:
    address = f"{system.url('intake')}/v1/reports/{report['report_id']}/photos"
    return len(httpx.get(address, headers={"Ascolto-Pin": report["pin"]}, timeout=60).json()["photos"])


async def test_an_answer_to_our_mail_is_on_the_status_page_with_its_photo_and_is_confirmed(
    system: System, report: dict[str, str]
) -> None:
    ours = wait_for(system, lambda one: one.headers.get("X-Ascolto-Template") == "report-received")
    raw = several(
        text("Adesso perde anche acqua.\n\nIl giorno lun Ascolto ha scritto:\n> Gentile Ida"),
        part(file_of(picture()), "image/jpeg", "foto.jpg"),
        part(b"%PDF-1.7", "application/pdf", "contratto.pdf"),
        subject=f"R: {ours.subject}",
    )

    code = deliver(system, raw, ours.headers["Reply-To"])

    assert ours.headers["Reply-To"].partition("+")[0] == "segnalazioni"
    assert code == 250
    assert await additions(system, report) == 1
    assert photos_of(system, report) == 1
    confirmed = wait_for(system, lambda one: one.headers.get("X-Ascolto-Template") == "mail-added")
    assert (confirmed.to, confirmed.headers["Auto-Submitted"]) == (TENANT, "auto-generated")
    assert "un documento" in confirmed.body


async def test_a_mail_of_somebody_unknown_is_confirmed_without_a_report(system: System) -> None:
    raw = mail("C'è muffa in bagno", subject="Muffa", sender="bruno.finto@example.org")

    assert deliver(system, raw, "segnalazioni@ascolto.example") == 250

    confirmed = wait_for(system, lambda one: one.headers.get("X-Ascolto-Template") == "mail-waiting")
    assert confirmed.to == "bruno.finto@example.org"
    assert "/stato" not in confirmed.body


async def test_a_process_that_ends_between_storing_and_answering_leaves_the_mail_once(
    system: System, report: dict[str, str]
) -> None:
    raw = mail("Il processo finisce qui.", subject=report["tracking_code"])
    before = await additions(system, report)
    system.stop_service("intake")
    system.start_service(
        "intake", extra_env={"INTAKE_CRASH_AT": "command.committed:2"}
    )  # the entry is stored
    assert deliver(system, raw, "segnalazioni@ascolto.example") == 0
    system.stop_service("intake")
    system.start_service("intake")

    assert deliver(system, raw, "segnalazioni@ascolto.example") == 250
    assert await additions(system, report) == before + 1


async def test_while_the_database_is_away_the_mail_server_keeps_the_mail_and_then_it_is_stored_once(
    system: System, report: dict[str, str]
) -> None:
    raw = mail("Il database torna.", subject=report["tracking_code"])
    before = await additions(system, report)
    system.mongod.child.stop()
    away = deliver(system, raw, "segnalazioni@ascolto.example")
    system.start_engines()

    deadline, codes = time.monotonic() + 60, [away]
    while codes[-1] != 250 and time.monotonic() < deadline:
        codes.append(deliver(system, raw, "segnalazioni@ascolto.example"))
    codes.append(deliver(system, raw, "segnalazioni@ascolto.example"))

    assert (away, codes[-1]) == (451, 250)
    assert set(codes) == {451, 250}
    assert await additions(system, report) == before + 1
