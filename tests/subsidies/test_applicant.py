"""A tenant reads why the own application was granted, refused or waits, and nobody else does."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.subsidies.browser import Page, pages_in_memory
from tests.subsidies.steps import apply, data, desk_of, report, start

from chassis.errors import Unavailable
from chassis.testing import MemoryService
from contracts.intake import ReportWithdrawn
from subsidies.adapters.memory import MemoryIntake
from subsidies.adapters.rule_files import Rules
from subsidies.app.decide import Confirmation, correct
from subsidies.app.enter_data import enter_data
from subsidies.app.preview import CorrectionRequest, preview_correction
from subsidies.domain.permissions import PermittedReport
from subsidies.entrypoints.pages.applicant import HOME
from subsidies.handlers.documents import PRIVATE, application_of
from webkit.i18n.languages import PUBLIC

CODE = "A84A5-ZGR6S"
OTHERS = "B7777-YYYYY"


@dataclass
class Tenant:
    """A browser whose cookies open the report with number 1, and the service that it asks."""

    service: MemoryService
    intake: MemoryIntake
    rules: Rules
    client: httpx.AsyncClient

    async def see(self, language: str = "it", **cookies: str) -> Page:
        sent = {"stato": "permission", "modulo": "browser", "lingua": language} | cookies
        header = "; ".join(f"{name}={value}" for name, value in sent.items())
        answer = await self.client.get(HOME, headers={"Accept": "text/html", "Cookie": header})
        return Page(answer)

    async def decide(self, number: int = 1, **changes: Any) -> None:
        desk = desk_of(self.service, self.rules)
        await enter_data(desk.context, desk.encryption, application_of(report(number)), data(**changes))


@pytest.fixture
async def tenant(rules: Rules) -> AsyncIterator[Tenant]:
    intake = MemoryIntake(open={("permission", "browser"): PermittedReport(report(1), CODE, True)})
    async with pages_in_memory(rules, intake=intake) as (service, _), service.client() as client:
        await start(service, rules)
        await apply(service, 1)
        yield Tenant(service, intake, rules, client)


async def test_a_refusal_says_each_rule_that_decided_what_can_be_done_and_until_when(tenant: Tenant) -> None:
    await tenant.decide(patrimony_cents=2620001, tenancy__area="decadenza")

    page = await tenant.see()

    assert page.answer.status_code == 200
    assert "Non accolta." in page.text
    assert "Il patrimonio 26.200,01 € supera la soglia del nucleo, 26.200,00 €." in page.text
    assert (
        "Il nucleo è collocato nell'area Decadenza, che non è tra: Protezione, Accesso e Permanenza."
        in page.text
    )
    assert "Che cosa può fare: Se il patrimonio scritto nell'ISEE è sbagliato" in page.text
    assert "R.R. 4/2017 art. 7 c. 1 lett. c) nn. 1-2" in page.text
    assert "entro 60 giorni, cioè fino a venerdì 22 gennaio 2027" in page.text
    refused, _, fulfilled = page.text.partition("Le condizioni che sono rispettate")
    assert "servizio abitativo pubblico" in fulfilled
    assert "servizio abitativo pubblico" not in refused
    assert "1.800,00" not in page.text, "nothing that is not paid is told as due"
    assert CODE in page.text


async def test_a_grant_says_how_much_for_what_and_a_partial_one_why_not_all(
    tenant: Tenant, rules: Rules
) -> None:
    await start(tenant.service, rules, bergamo=100000)
    await tenant.decide()

    page = await tenant.see()

    assert "Accolta." in page.text
    assert "Le spettavano 1.800,00 €: ne riceve 1.000,00 €" in page.text
    assert "Spese per i servizi 900,00 € Arretrati di gen 2025 100,00 €" in page.text
    assert "Perché no" not in page.text


async def test_an_application_that_waits_says_for_what(tenant: Tenant, rules: Rules) -> None:
    before = await tenant.see()
    assert "In esame." in before.text
    assert "L'attestazione ISEE ordinaria" in before.text
    assert "Risposta entro mercoledì 23 dicembre 2026" in before.text

    await start(tenant.service, rules, bergamo=180000)
    await apply(tenant.service, 2)
    await tenant.decide(2)
    await tenant.decide()

    waiting = await tenant.see()
    assert "In lista d'attesa." in waiting.text
    assert "Le spettano 1.800,00 €" in waiting.text


async def test_a_withdrawn_and_a_coming_application_are_told_as_such(tenant: Tenant) -> None:
    await tenant.service.event(ReportWithdrawn(report_id=report(1), reason="mistake"))
    assert "Ritirata." in (await tenant.see()).text

    tenant.intake.open["permission", "browser"] = PermittedReport(report(9), CODE, True)
    coming = await tenant.see()
    assert (coming.answer.status_code, "La domanda sta arrivando" in coming.text) == (200, True)

    tenant.intake.open["permission", "browser"] = PermittedReport(report(9), CODE, False)
    nothing = await tenant.see()
    assert (nothing.answer.status_code, "Nessuna domanda" in nothing.text) == (404, True)


async def test_a_corrected_decision_names_the_one_it_replaces_and_the_officer_s_reasons(
    tenant: Tenant, rules: Rules
) -> None:
    await tenant.decide(patrimony_cents=2620001)
    desk, application = desk_of(tenant.service, rules), application_of(report(1))
    asked = CorrectionRequest("wrong-data", "Il patrimonio era stato copiato male.")
    preview = await preview_correction(desk, application, data(), asked)
    confirmation = Confirmation(preview.fingerprint, "0190a000-0000-7000-8000-0000000000ff")
    await correct(desk, application, data(), asked, confirmation)

    page = await tenant.see("en")

    assert "This decision annuls and replaces the one of 23 November 2026." in page.text
    assert "do not match the documents" in page.text
    assert "Il patrimonio era stato copiato male." in page.text


async def test_no_cookie_but_the_permission_of_this_browser_opens_a_page_of_one_report(
    tenant: Tenant,
) -> None:
    theirs = PermittedReport(report(2), OTHERS, True)
    tenant.intake.open["another permission", "another browser"] = theirs
    await apply(tenant.service, 2)
    await tenant.decide(2, patrimony_cents=2620001)

    mine = await tenant.see()
    crossed = [
        await tenant.see(stato="another permission"),
        await tenant.see(modulo="another browser"),
        await tenant.see(stato=""),
        await tenant.see(modulo="x" * 5000),
    ]

    assert "26.200,01" not in mine.text
    for page in crossed:
        assert page.answer.status_code == 303
        assert page.answer.headers["location"] == "/stato?errore=scaduta"
        assert page.answer.headers["cache-control"] == "no-store"


async def test_while_intake_or_the_store_is_away_the_page_says_try_later_and_the_phone(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.intake.is_up = False
    first = await tenant.see()
    tenant.intake.is_up = True

    async def down(*_: object) -> None:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(tenant.service.store, "get", down)
    second = await tenant.see()

    for page in (first, second):
        assert page.answer.status_code == 503
        assert "Riprovi più tardi" in page.text
        assert 'href="tel:' in page.answer.text.partition("<main")[2]
        assert int(page.answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("language", PUBLIC)
async def test_every_language_says_it_in_its_own_words(language: str, tenant: Tenant) -> None:
    await tenant.decide(
        patrimony_cents=99999999,
        attestation__ordinary_cents=99999900,
        tenancy__assigned_on="2025-06-01",
        attestation__anomalies=True,
    )

    page = await tenant.see(language)
    content = html.unescape(page.answer.text.partition("<main")[2].partition("</main>")[0])

    assert f'<html lang="{language}"' in page.answer.text
    assert not re.search(r"\{(value|limit)\}|%\(", content)
    texts = tenant.rules.texts[language]
    assert texts.guidance_on("isee-below-limit") in page.text
    italian = "L'attestazione ISEE riporta omissioni o difformità: va sanata presso l'INPS."
    assert texts.translate(italian) in page.text
    assert (italian in page.text) is (language == "it")


async def test_after_the_erasure_of_the_data_only_the_outcome_is_told(tenant: Tenant) -> None:
    await tenant.decide(patrimony_cents=2620001)
    [row] = await tenant.service.store.query(PRIVATE.name, {})
    row["state"]["sealed"]["key"] = b""
    tenant.service.store.commit({(PRIVATE.name, row["_id"]): row})

    page = await tenant.see()

    assert "I dati personali di questa domanda sono stati cancellati" in page.text
    assert "26.200" not in page.text
