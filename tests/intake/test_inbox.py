"""The desk's inbox: filters and their counts, words that stay encrypted, pages that stay in place, and the list as CSV."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import Browser, log_in
from tests.intake.photo_files import file_of, picture
from tests.intake.test_desk_pages import PEOPLE
from tests.intake.test_waiting import by_mail

from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.adapters.photo_processes import PhotoProcesses
from intake.app import inbox
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact, Draft
from intake.domain.entries import Author
from intake.domain.inbox import Facet, InboxRow, Listed, Position, facet_counts, later_than, selected
from intake.domain.reports import Status
from intake.queries import inbox as inbox_queries

HOME = "/segnalazioni"
BEGIN = NOON - timedelta(days=3)
CODES = {
    Facet.GROUP: ("technical", "social"),
    Facet.AREA: ("malpensata", "monterosso"),
    Facet.SOURCE: ("web", "phone"),
    Facet.URGENCY: ("n", "u"),
    Facet.PHOTOS: ("none", "unreviewed"),
}
ROWS = st.lists(
    st.builds(
        lambda codes, minutes, number: InboxRow(
            report(number, BEGIN + timedelta(minutes=minutes)), codes, "bergamo"
        ),
        st.fixed_dictionaries({facet: st.sampled_from(codes) for facet, codes in CODES.items()}),
        st.integers(0, 5),
        st.integers(0, 10**6),
    ),
    max_size=30,
)
CHOSEN = st.dictionaries(st.sampled_from(list(Facet)), st.nothing(), max_size=0) | st.fixed_dictionaries(
    {}, optional={facet: st.sampled_from(codes) for facet, codes in CODES.items()}
)


def report(number: int, at: datetime) -> Listed:
    id_ = f"00000000-0000-7000-8000-{number:012d}"
    return Listed(id_, at, Status.REGISTERED, "pulizia", "bg", "web", "n")


@given(ROWS, CHOSEN)
def test_the_count_beside_a_value_is_what_choosing_it_finds(
    rows: list[InboxRow], chosen: dict[Facet, str]
) -> None:
    counts = facet_counts(rows, chosen)

    for facet, codes in CODES.items():
        for code in codes:
            assert counts[facet][code] == len(selected(rows, {**chosen, facet: code}))


@given(ROWS, st.booleans(), st.integers(1, 5))
def test_pages_show_every_row_once_in_order(rows: list[InboxRow], oldest_first: bool, size: int) -> None:
    unique = {row.report.report_id: row for row in rows}.values()
    listed = sorted(
        unique,
        key=lambda row: (row.report.registered_at, row.report.report_id),
        reverse=not oldest_first,
    )
    seen: list[InboxRow] = []
    after = None
    while page := later_than(listed, after, oldest_first)[:size]:
        seen += page
        after = Position(page[-1].report.registered_at, page[-1].report.report_id)

    assert seen == listed


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address, PhotoProcesses().decode)


@pytest.fixture
async def browsers(service: MemoryService) -> AsyncIterator[dict[str, Browser]]:
    """A browser for each role."""
    made = {role: await log_in(service, SECRET, reader) for role, reader in PEOPLE.items()}
    yield made
    for browser in made.values():
        await browser.http.aclose()


async def register(
    service: MemoryService, cases: UseCases, category: str, place: str, text: str, hours: int = 0
) -> str:
    service.now = BEGIN + timedelta(hours=hours)
    draft = Draft(category, place, text, contact=Contact("Ida Finta", phone="035 000000"))
    made = await cases.submissions.accept(await cases.submissions.judge(draft), uuid7(service.now))
    service.now = NOON
    return made.report_id


async def codes(service: MemoryService, cases: UseCases, *ids: str) -> list[str]:
    found = await cases.contents.read_all(ids)
    return [found[one].report.tracking_code for one in ids]


def listed(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/segnalazioni/[0-9a-f-]+">([^<]+)</a>', text)


async def test_filters_of_the_address_select_and_say_how_many(
    service: MemoryService, cases: UseCases, browsers: dict[str, Browser]
) -> None:
    clean = await register(service, cases, "pulizia", "bg-malpensata-01", "Androne sporco")
    sign = await register(service, cases, "segnaletica", "bg-monterosso-01", "Cartello rotto", 30)
    paper = await register(service, cases, "contratto", "bg-monterosso-01", "Voltura", 60)
    await cases.photos.add(clean, file_of(picture()), Author.TENANT)
    await cases.waiting.keep(by_mail())
    first, second, third = await codes(service, cases, clean, sign, paper)
    operator = browsers["operator"]

    everything = await operator.open(HOME)
    expected = {
        "gruppo=technical": [second, first],
        "quartiere=monterosso": [third, second],
        "quartiere=bergamo&ordine=ricevuta": [first, second, third],
        "gruppo=technical&quartiere=malpensata": [first],
        "foto=unreviewed": [first],
        "al=17/11/2026": [first],
        "dal=2026-11-18&al=18/11/2026": [second],
        "stato=closed": [],
        "stato=nessuno&da=ignoto": [],
    }
    found = {query: listed((await operator.open(f"{HOME}?{query}")).text) for query in expected}
    wrong = await operator.open(f"{HOME}?dal=ieri")

    assert listed(everything.text) == [third, second, first]
    assert "Ida" not in everything.text
    assert "sporco" not in everything.text
    assert re.search(r'value="technical"[^>]*>[^<]*\(2\)', everything.text)
    assert "Qualcosa aspetta" not in everything.text
    assert "Qualcosa aspetta" in (await browsers["coordinator"].open(HOME)).text
    assert found == expected
    assert 'id="dal-errore"' in wrong.text


async def test_words_find_the_reports_that_have_them_all_and_leave_a_line_without_them(
    service: MemoryService, cases: UseCases, browsers: dict[str, Browser]
) -> None:
    both = await register(service, cases, "pulizia", "bg-malpensata-01", "L'androne è pieno di cartoni")
    one = await register(service, cases, "pulizia", "bg-malpensata-01", "L'androne è buio", 1)
    [first, second] = await codes(service, cases, both, one)
    operator = browsers["operator"]

    found = [
        listed((await operator.open(f"{HOME}?parole={words}")).text)
        for words in ("androne", "cartone+ANDRONI", "androne+gatto", "e")
    ]
    lines = await service.context.audited({"action": inbox.SEARCHED})

    assert found == [[second, first], [first], [], []]
    assert len(lines) == 3
    assert {line["by"] for line in lines} == {PEOPLE["operator"].subject}
    assert "andron" not in str(lines)


async def test_an_officer_sees_contributions_only_and_ops_nothing(
    service: MemoryService, cases: UseCases, browsers: dict[str, Browser]
) -> None:
    await register(service, cases, "pulizia", "bg-malpensata-01", "Sporco ovunque")
    rent = await register(service, cases, "contributo-affitto", "bg-malpensata-01", "Affitto ovunque", 1)
    codes_ = await codes(service, cases, rent)

    assert listed((await browsers["officer"].open(HOME)).text) == codes_
    assert listed((await browsers["officer"].open(f"{HOME}?parole=ovunque")).text) == codes_
    assert (await browsers["ops"].open(HOME)).status_code == 403
    assert (await browsers["ops"].open(f"{HOME}/elenco.csv")).status_code == 403


async def test_pages_stay_in_place_while_reports_come_in(
    service: MemoryService, cases: UseCases, browsers: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PER_PAGE", 2)
    ids = [await register(service, cases, "pulizia", "bg-malpensata-01", f"Numero {n}", n) for n in range(5)]
    wanted = (await codes(service, cases, *ids))[::-1]
    operator = browsers["operator"]

    page = await operator.open(HOME)
    seen = listed(page.text)
    await register(service, cases, "pulizia", "bg-malpensata-01", "Appena arrivata", 50)
    while link := re.search(r'rel="next" href="([^"]+)"', page.text):
        page = await operator.open(link[1].replace("&amp;", "&"))
        seen += listed(page.text)

    assert seen == wanted


async def test_the_list_as_csv_goes_on_beyond_one_window_and_has_no_personal_data(
    service: MemoryService, cases: UseCases, browsers: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_queries, "WINDOW", 2)
    monkeypatch.setattr(inbox, "WINDOW", 2)
    ids = [await register(service, cases, "pulizia", "bg-malpensata-01", f"Segreto {n}", n) for n in range(5)]
    operator = browsers["operator"]

    sent = await operator.open(f"{HOME}/elenco.csv?gruppo=technical")
    page = await operator.open(HOME)
    rows = list(csv.reader(io.StringIO(sent.text), delimiter=";"))
    lines = await service.context.audited({"action": inbox.EXPORTED})

    assert [row[0] for row in rows[1:]] == (await codes(service, cases, *ids))[::-1]
    assert {len(row) for row in rows} == {18}
    assert "Segreto" not in sent.text
    assert "Ida" not in sent.text
    assert [(line["by"], line["details"]["group"]) for line in lines] == [
        (PEOPLE["operator"].subject, "technical")
    ]
    assert "al=" in re.findall(r'href="([^"]*)">Continui', page.text)[0]


async def test_a_withdrawn_report_is_found_under_its_status(
    service: MemoryService, cases: UseCases, browsers: dict[str, Browser]
) -> None:
    gone = await register(service, cases, "pulizia", "bg-malpensata-01", "Ritirata")
    await cases.withdrawals.withdraw(gone, "mistake")
    [code] = await codes(service, cases, gone)

    assert listed((await browsers["operator"].open(HOME)).text) == []
    for state in (Status.WITHDRAWN, "all"):
        assert listed((await browsers["operator"].open(f"{HOME}?stato={state}")).text) == [code]
