"""Who gets the receipt again, and who has access during an attack: at the API and on the pages."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from chassis.ids import uuid7
from chassis.store.memory import MemoryStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
REPORT = {"category": "infiltrazioni", "place_id": "bg-monterosso-01", "description": "Soffitto bagnato"}
OURS, OTHERS = "a-secret-of-our-own", "a-secret-of-another"
Browser = Callable[[str], httpx.AsyncClient]


@pytest.fixture
def at(app: FastAPI) -> Browser:
    """A fresh browser or program at an address."""

    def made(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://intake.example")

    return made


async def forget(store: MemoryStore) -> None:
    """Delete the inbox rows, as after their expiry."""
    await store.delete("inbox", [row["_id"] for row in await store.query("inbox", {})])


async def report(client: httpx.AsyncClient, body: dict[str, Any], sender: str | None) -> httpx.Response:
    headers = {} if sender is None else {"Ascolto-Sender": sender}
    return await client.post("/v1/reports", json=body, headers=headers)


@pytest.mark.parametrize(("first", "second"), [(OURS, OTHERS), (OURS, None), (None, OURS), (None, None)])
@pytest.mark.parametrize("inbox", ["kept", "forgotten"])
async def test_a_resend_by_another_sender_gets_known_without_the_receipt(
    client: httpx.AsyncClient, store: MemoryStore, first: str | None, second: str | None, inbox: str
) -> None:
    body = REPORT | {"report_id": uuid7(NOON)}
    receipt = (await report(client, body, first)).json()
    if inbox == "forgotten":
        await forget(store)

    again = await report(client, body, second)

    assert again.status_code == 200
    assert "Location" not in again.headers
    assert again.json()["report_id"] == body["report_id"]
    assert "listening point" in again.json()["fix"]
    assert not {"tracking_code", "pin", "status_url"} & set(again.json())
    assert receipt["pin"] not in again.text
    assert receipt["tracking_code"] not in again.text


@pytest.mark.parametrize("inbox", ["kept", "forgotten"])
async def test_a_resend_with_the_same_secret_gets_the_first_response(
    client: httpx.AsyncClient, store: MemoryStore, inbox: str
) -> None:
    body = REPORT | {"report_id": uuid7(NOON)}
    first = await report(client, body, OURS)
    if inbox == "forgotten":
        await forget(store)

    again = await report(client, body, OURS)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]


async def test_one_of_twenty_concurrent_sends_gets_the_pin(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    body = REPORT | {"report_id": uuid7(NOON)}

    answers = await asyncio.gather(*(report(client, body, f"{OURS}-{n}") for n in range(20)))

    shown = [answer for answer in answers if "pin" in answer.json()]
    assert [answer.status_code for answer in shown] == [201]
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert await store.count("reports", {}) == 1


async def test_a_resend_of_a_report_of_an_older_build_gets_no_pin(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    body = REPORT | {"report_id": uuid7(NOON)}
    receipt = (await report(client, body, OURS)).json()
    row = await store.get("reports", body["report_id"])
    assert row is not None
    assert row["schema"] == 4
    row["state"].pop("sender_hash")
    row.pop("schema")
    session = await store.session()
    await session.transact(lambda tx: tx.replace("reports", [({"_id": row["_id"]}, row)]))
    await forget(store)

    again = await report(client, body, OURS)
    status = await client.get(receipt["status_url"], headers={"Ascolto-Pin": receipt["pin"]})

    assert (again.status_code, "pin" in again.json()) == (200, False)
    assert status.status_code == 200


@pytest.mark.parametrize("sender", ["", "short", "x" * 15, "x" * 65, "with blanks in the middle", "è" * 20])
async def test_an_invalid_sender_secret_is_refused_with_the_fix(
    client: httpx.AsyncClient, sender: str
) -> None:
    headers = httpx.Headers([(b"Ascolto-Sender", sender.encode("latin-1"))])

    answer = await client.post("/v1/reports", json=REPORT, headers=headers)

    assert (answer.status_code, answer.json()["field"]) == (422, "Ascolto-Sender")
    assert "Ascolto-Sender" in answer.json()["fix"]


async def test_neither_the_secret_nor_the_pin_is_stored(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    body = REPORT | {"report_id": uuid7(NOON)}
    receipt = (await report(client, body, OURS)).json()

    stored = [str(row) for name in store.tables for row in await store.query(name, {})]

    assert not [row for row in stored if OURS in row or f"'{receipt['pin']}'" in row]


async def sealed(client: httpx.AsyncClient) -> dict[str, str]:
    """The hidden fields of a new form."""
    return dict(re.findall(r'name="(report_id|seal)" value="([^"]+)"', (await client.get("/segnala")).text))


async def form_sent(client: httpx.AsyncClient) -> tuple[dict[str, str], str, str]:
    """The form that a browser has sent, and the code and PIN of its receipt."""
    form = REPORT | await sealed(client)
    page = await client.post("/segnala", data=form, follow_redirects=True)
    assert page.url.path.endswith("/ricevuta"), page.text
    code, pin = re.findall(r'<dd><bdi dir="ltr">([0-9A-Z-]+)</bdi></dd>', page.text)
    return form, code, pin


async def status_page(client: httpx.AsyncClient, form: dict[str, str], **more: Any) -> httpx.Response:
    """The page after code and PIN were sent."""
    return await client.post("/stato", data=form, follow_redirects=True, **more)


async def test_the_browser_that_sent_a_form_sees_its_receipt_again_and_another_does_not(at: Browser) -> None:
    ours, others = at("192.0.2.1"), at("192.0.2.1")
    form, code, pin = await form_sent(ours)

    again = await ours.post("/segnala", data=form, follow_redirects=True)
    theirs = form | {"seal": (await sealed(others))["seal"]}
    stolen = await others.post("/segnala", data=theirs, follow_redirects=True)

    assert (again.status_code, stolen.status_code) == (200, 200)
    assert pin in again.text
    assert "già ricevuta" in stolen.text
    assert "/stato/pin-perso" in stolen.text
    assert not [word for word in (pin, code) if word in stolen.text]
    assert "ricevute" not in stolen.headers.get("set-cookie", "")


async def guess(client: httpx.AsyncClient, code: str, pin: str, sender: str | None = None) -> int:
    headers = {"Ascolto-Pin": pin} | ({} if sender is None else {"Ascolto-Sender": sender})
    return (await client.get(f"/v1/status/{code}", headers=headers)).status_code


def other_than(pin: str) -> str:
    return "000000" if pin != "000000" else "111111"


async def test_the_right_pin_from_elsewhere_gets_in_after_ten_wrong_ones_of_a_stranger(at: Browser) -> None:
    receipt = (await report(at("192.0.2.1"), REPORT, None)).json()
    stranger = at("203.0.113.1")
    code, pin = receipt["tracking_code"], receipt["pin"]

    wrong = [await guess(stranger, code, other_than(pin)) for _ in range(10)]

    assert wrong == [404] * 5 + [429] * 5
    assert await guess(stranger, code, pin) == 429
    assert await guess(at("198.51.100.1"), code, pin) == 200


async def test_of_300_concurrent_attempts_the_limit_is_compared_and_the_sender_gets_in(at: Browser) -> None:
    receipt = (await report(at("192.0.2.1"), REPORT, OURS)).json()
    code, pin = receipt["tracking_code"], receipt["pin"]
    strangers = [at(f"203.0.113.{n}") for n in range(60)]
    wrong = [guess(strangers[n % 60], code, other_than(pin)) for n in range(300)]

    *answers, owner = await asyncio.gather(*wrong, guess(strangers[0], code, pin, OURS))

    assert (answers.count(404), answers.count(429)) == (125, 175)
    assert owner == 200
    assert await guess(at("198.51.100.1"), code, pin) == 200
    assert await guess(strangers[0], code, pin, OTHERS) == 429


async def test_a_browser_that_has_known_the_pin_gets_in_during_an_attack_on_the_code(at: Browser) -> None:
    made, shown, fresh = at("192.0.2.1"), at("192.0.2.2"), at("192.0.2.3")
    _, code, pin = await form_sent(made)
    right = {"code": code, "pin": pin}
    assert (await status_page(shown, right)).status_code == 200
    for n in range(130):
        await at(f"192.0.113.{n}").post("/stato", data=right | {"pin": other_than(pin)})

    pages = [await status_page(browser, right) for browser in (made, shown, fresh)]

    assert [page.status_code for page in pages] == [200, 200, 429]
    assert pages[2].headers["Retry-After"] == str(12 * 3600)
    assert "Riprovi fra 12 ore" in pages[2].text
    assert "Aspetti e riprovi" in pages[2].text
    assert "telefoni al numero 035 000000 o venga al punto di ascolto" in pages[2].text


async def test_a_code_without_a_report_is_answered_and_counted_alike(at: Browser) -> None:
    receipt = (await report(at("192.0.2.1"), REPORT, None)).json()
    answers = []
    for code in (receipt["tracking_code"], "00000-00000"):
        for n in range(60):
            answer = await at(f"203.0.113.{n % 6}").get(
                f"/v1/status/{code}", headers={"Ascolto-Pin": other_than(receipt["pin"])}
            )
            answers.append((answer.status_code, answer.text))

    assert answers[:60] == answers[60:]
    assert {status for status, _ in answers} == {404, 429}


async def test_a_refusal_names_the_wait_and_the_alternatives(at: Browser) -> None:
    client = at("192.0.2.1")
    for _ in range(5):
        await guess(client, "00000-00000", "1")

    answer = await client.get("/v1/status/00000-00000", headers={"Ascolto-Pin": "1"})

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "180"
    assert "180 seconds" in answer.json()["fix"]


async def test_a_withdrawal_is_one_attempt_and_shares_its_budget_with_the_status(at: Browser) -> None:
    client, thief = at("192.0.2.1"), at("203.0.113.1")
    _, code, pin = await form_sent(client)
    wrong = {"code": code, "pin": other_than(pin)}

    pages = [(await status_page(thief, wrong)).status_code for _ in range(4)]
    api = await thief.post(
        f"/v1/reports/{code}/withdrawal", json={"reason": "mistake"}, headers={"Ascolto-Pin": wrong["pin"]}
    )

    assert (pages, api.status_code, await guess(thief, code, pin)) == ([404] * 4, 404, 429)
    answers = [
        await client.post(
            f"/v1/reports/{code}/withdrawal", json={"reason": "mistake"}, headers={"Ascolto-Pin": pin}
        )
        for _ in range(9)
    ]
    assert [answer.status_code for answer in answers] == [200] * 9


@pytest.mark.parametrize("cookie", ["", "x", "0" * 32, f"{'0' * 32}.{'f' * 16}", "è", "a" * 5000])
async def test_an_invalid_device_cookie_proves_nothing(at: Browser, cookie: str) -> None:
    client = at("192.0.2.1")
    answers = [
        await client.post(
            "/stato",
            data={"code": "00000-00000", "pin": "1"},
            headers=[(b"Cookie", f"ricevute={cookie}; modulo={'a' * 32}".encode("latin-1"))],
        )
        for _ in range(6)
    ]
    headers = {"Cookie": f"modulo={'a' * 32}"}
    shown = [await client.get(answer.headers["location"], headers=headers) for answer in answers]

    assert [answer.status_code for answer in shown] == [404] * 5 + [429]


async def test_a_browser_is_known_for_the_codes_it_knew_the_pin_of_and_for_no_other(at: Browser) -> None:
    client = at("192.0.2.1")
    _, own, _ = await form_sent(client)
    answers = [(await status_page(client, {"code": "00000-00000", "pin": "1"})).status_code for _ in range(6)]
    own_code = await status_page(client, {"code": own, "pin": "1"})

    assert answers == [404] * 5 + [429]
    assert own_code.status_code == 404, "another budget"


async def test_the_device_cookie_is_bounded_and_contains_no_code(at: Browser) -> None:
    client, codes = at("192.0.2.1"), []
    for _ in range(25):
        codes.append((await form_sent(client))[1])

    [cookie] = [one for one in client.cookies.jar if one.name == "ricevute"]
    assert cookie.path == "/"
    assert cookie.value is not None
    assert re.fullmatch(r"[0-9a-f]{32}(\.[0-9a-f]{16}){20}", cookie.value)
    assert not [code for code in codes if code in cookie.value]


def test_the_sender_secret_is_described_at_every_operation_that_accepts_it(app: FastAPI) -> None:
    described = app.openapi()["paths"]
    context = {
        "/v1/reports": "post",
        "/v1/status/{tracking_code}": "get",
        "/v1/reports/{tracking_code}/withdrawal": "post",
    }

    for path, method in context.items():
        [header] = [one for one in described[path][method]["parameters"] if one["name"] == "Ascolto-Sender"]
        assert "random secret" in header["description"]
        assert "{16,64}" in str(header["schema"])
    assert set(described["/v1/reports"]["post"]["responses"]) >= {"200", "201", "422"}
