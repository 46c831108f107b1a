"""Any sequence of applications conserves the money of the budget."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from subsidies.adapters.rule_files import Rules
from subsidies.domain.assessment import ConditionResult
from subsidies.domain.budgets import Budget
from subsidies.domain.decisions import Circumstances, Decision, Outcome, decide
from subsidies.domain.facts import Arrear, Attestation, Facts, Household, Tenancy
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import Pack

NOTICE, TODAY = date(2026, 1, 15), date(2026, 11, 23)
AMOUNTS = st.integers(0, 400_000)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    members = draw(st.integers(1, 6))
    months = draw(st.lists(st.integers(1, 12), unique=True, max_size=6))
    return Facts(
        Household(members, 0, 0, 0, ()),
        Tenancy(
            "bergamo",
            "sap",
            draw(st.sampled_from(["protezione", "accesso", "permanenza", "decadenza"])),
            draw(st.dates(date(2020, 1, 1), TODAY)),
            (),
            draw(AMOUNTS),
            draw(AMOUNTS),
            draw(AMOUNTS),
            tuple(Arrear(f"2025-{month:02d}", draw(AMOUNTS)) for month in sorted(months)),
            draw(st.integers(0, 100_000)),
        ),
        Attestation(
            "x",
            "ordinario",
            draw(st.just(NOTICE) | st.dates(date(2026, 1, 1), TODAY)),
            date(2026, 12, 31),
            draw(st.integers(0, 1_200_000)),
            None,
            None,
            204,
            False,
        ),
        draw(st.integers(0, 3_000_000)),
        None,
    )


def decided(pack: Pack, applicant: Facts, budget: Budget) -> tuple[Decision, Budget]:
    at = Circumstances(budget.measure, budget.code, "0" * 64, NOTICE, TODAY, budget.available_cents)
    decision = decide(pack, applicant, at)
    return decision, budget.reserve(decision.amount_cents) if decision.outcome is Outcome.GRANTED else budget


@given(allocated=st.integers(0, 1_500_000), day=st.lists(facts(), max_size=20))
def test_a_day_of_decisions_conserves_every_cent(allocated: int, day: list[Facts], rules: Rules) -> None:
    pack = parse_pack_text(rules.packs[0].text)
    budget, decisions = Budget("b", "m", "bergamo", allocated, allocated), []

    for applicant in day:
        before = budget.available_cents
        decision, budget = decided(pack, applicant, budget)
        decisions.append(decision)
        assert decision.amount_cents <= min(before, decision.assessment.track.cap_cents)
        assert decision.amount_cents <= decision.assessment.entitlement.owed_cents
        assert not decision.partial or budget.available_cents == 0
        assert decision.outcome is not Outcome.WAITLISTED or before == 0

    assert budget.reserved_cents == sum(one.amount_cents for one in decisions) <= allocated


@given(applicant=facts())
def test_nothing_is_granted_on_what_began_after_the_notice_and_the_reason_is_named(
    applicant: Facts, rules: Rules
) -> None:
    decision, _ = decided(
        parse_pack_text(rules.packs[0].text), applicant, Budget("b", "m", "bergamo", 10**6, 10**6)
    )
    failed = {
        one.predicate.code for one in decision.assessment.findings if one.result is ConditionResult.FAIL
    }

    assert ("assigned-by-notice" in failed) is (applicant.tenancy.assigned_on > NOTICE)
    assert ("attestation-issued-by-notice" in failed) is (applicant.attestation.issued_on > NOTICE)
    assert not failed or decision.outcome is Outcome.REFUSED


@given(applicant=facts(), family=st.integers(0, 2_000_000))
def test_the_family_indicator_never_decides(applicant: Facts, family: int, rules: Rules) -> None:
    pack, budget = parse_pack_text(rules.packs[0].text), Budget("b", "m", "bergamo", 10**6, 10**6)
    other = replace(applicant, attestation=replace(applicant.attestation, family_cents=family))

    assert decided(pack, other, budget) == decided(pack, applicant, budget)
