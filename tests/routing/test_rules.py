"""Who handles a report, and why."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.seed import cells, load_table
from routing.domain.decisions import decision_by
from routing.domain.registers import Register
from routing.domain.rules import (
    Absence,
    Candidate,
    Condition,
    Held,
    Operator,
    PassedOver,
    Reason,
    Reported,
    Route,
    Rule,
    RuleTable,
    decide,
)

A_DAY = date(2026, 11, 23)
ANNA = Operator("anna", "Anna (esempio)", ("monterosso",), ("social", "administrative"), ("bruno", "carla"))
BRUNO = Operator("bruno", "Bruno (esempio)", ("belledo",), ("social",), ("anna",))
CARLA = Operator("carla", "Carla (esempio)", ("rancio",), ("social", "administrative"))
EVERYBODY = (ANNA, BRUNO, CARLA)
SOCIAL = RuleTable(
    "t1", (Rule("social", Route.OPERATOR, "perché sì.", (Condition(kinds=("social", "administrative")),)),)
)


def reported(**changes: str) -> Reported:
    usual = {
        "category": "isolamento",
        "kind": "social",
        "urgency": "s",
        "neighbourhood": "monterosso",
        "province": "bergamo",
    }
    return Reported(**usual | changes)


def away(operator: Operator) -> Operator:
    return replace(operator, absences=(Absence("2026-11-20", "2026-11-23"),))


def test_the_first_rule_that_matches_decides_and_earlier_ones_name_what_failed() -> None:
    table = RuleTable(
        "t1",
        (
            Rule(
                "e1", Route.EMERGENCY, "subito.", (Condition(urgencies=("e1",)), Condition(kinds=("danger",)))
            ),
            Rule("papers", Route.ADMIN_OFFICE, "carte.", (Condition(kinds=("administrative",)),)),
            Rule("rest", Route.TECHNICAL_OFFICE, "il resto."),
            Rule("never", Route.SOCIAL_SERVICES, "mai."),
        ),
    )

    decision = decide(reported(), table, EVERYBODY, A_DAY)

    assert (decision.rule, decision.rules_version, decision.route) == ("rest", "t1", Route.TECHNICAL_OFFICE)
    assert decision.passed_over == (PassedOver("e1", "urgency"), PassedOver("papers", "kind"))


def test_the_owner_of_the_neighbourhood_takes_the_case() -> None:
    decision = decide(reported(), SOCIAL, EVERYBODY, A_DAY)

    assert decision.operator == "anna"
    assert decision.candidates == (
        Candidate("anna", "Anna (esempio)", True, (Reason.OWNS_NEIGHBOURHOOD,)),
        Candidate("bruno", "Bruno (esempio)", False, (Reason.SUBSTITUTES_OWNER, Reason.OWNER_AVAILABLE)),
        Candidate("carla", "Carla (esempio)", False, (Reason.SUBSTITUTES_OWNER, Reason.OWNER_AVAILABLE)),
    )


def test_the_first_substitute_replaces_an_absent_owner() -> None:
    decision = decide(reported(), SOCIAL, (CARLA, BRUNO, away(ANNA)), A_DAY)

    assert decision.operator == "bruno"
    assert decision.candidates[2].reasons == (Reason.OWNS_NEIGHBOURHOOD, Reason.ABSENT)


def test_a_substitute_who_does_not_take_the_kind_is_passed_over() -> None:
    decision = decide(reported(kind="administrative"), SOCIAL, (away(ANNA), BRUNO, CARLA), A_DAY)

    assert decision.operator == "carla"
    assert decision.candidates[1].reasons == (Reason.SUBSTITUTES_OWNER, Reason.KIND_NOT_TAKEN)


@pytest.mark.parametrize(("day", "operator"), [(19, "anna"), (20, "bruno"), (23, "bruno"), (24, "anna")])
def test_an_absence_counts_from_its_first_to_its_last_day(day: int, operator: str) -> None:
    assert decide(reported(), SOCIAL, (away(ANNA), BRUNO), date(2026, 11, day)).operator == operator


def test_without_an_eligible_operator_the_case_is_held_and_has_no_other_route() -> None:
    decision = decide(reported(), SOCIAL, (away(ANNA), away(BRUNO), away(CARLA)), A_DAY)

    assert (decision.route, decision.operator, decision.held) == (None, None, Held.NOBODY_ELIGIBLE)
    assert not any(candidate.eligible for candidate in decision.candidates)


def test_a_neighbourhood_without_operator_is_held_with_a_reason_for_each_operator() -> None:
    decision = decide(reported(neighbourhood="nowhere"), SOCIAL, EVERYBODY, A_DAY)

    assert decision.held is Held.NOBODY_ELIGIBLE
    assert {candidate.reasons for candidate in decision.candidates} == {(Reason.OTHER_NEIGHBOURHOOD,)}


def test_a_report_that_no_rule_matches_is_held() -> None:
    decision = decide(reported(kind="unheard-of"), SOCIAL, EVERYBODY, A_DAY)

    assert (decision.rule, decision.held, decision.route) == ("no-rule", Held.NO_RULE_MATCHES, None)
    assert decision.passed_over == (PassedOver("social", "kind"),)


@pytest.mark.parametrize(
    ("changes", "rule", "route", "operator"),
    [
        ({"kind": "technical", "urgency": "e1"}, "danger-or-e1", Route.EMERGENCY, None),
        ({"kind": "danger", "urgency": "e0"}, "danger-or-e1", Route.EMERGENCY, None),
        ({"kind": "contribution", "urgency": "a"}, "contribution", Route.ADMIN_OFFICE, None),
        ({"kind": "technical", "urgency": "u"}, "technical", Route.TECHNICAL_OFFICE, None),
        ({"kind": "administrative"}, "administrative-with-operator", Route.OPERATOR, "operatore-1"),
        (
            {"kind": "administrative", "neighbourhood": "rancio"},
            "administrative-with-operator",
            Route.OPERATOR,
            "operatore-2",
        ),
        (
            {"kind": "administrative", "neighbourhood": "foresto-sparso"},
            "administrative-elsewhere",
            Route.ADMIN_OFFICE,
            None,
        ),
        ({"category": "salute-assistenza"}, "health-and-care", Route.SOCIAL_SERVICES, None),
        ({}, "social", Route.OPERATOR, "operatore-1"),
        ({"neighbourhood": "foresto-sparso"}, "social", None, None),
    ],
)
def test_the_shipped_rules_route_each_kind(
    register: Register, changes: dict[str, str], rule: str, route: Route | None, operator: str | None
) -> None:
    decision = decision_by(register, reported(**changes), A_DAY)

    assert (decision.rule, decision.route, decision.operator) == (rule, route, operator)


def test_the_shipped_operators_substitute_each_other_over_christmas(register: Register) -> None:
    assert decision_by(register, reported(), date(2026, 12, 28)).operator == "operatore-2"
    assert decision_by(register, reported(neighbourhood="rancio"), date(2027, 1, 4)).operator == "operatore-1"


def test_an_urgency_class_without_time_limits_is_held(register: Register) -> None:
    assert decision_by(register, reported(urgency="zz"), A_DAY).held is Held.UNKNOWN_URGENCY


WORDS = st.sampled_from(
    [
        "social",
        "administrative",
        "technical",
        "contribution",
        "e1",
        "s",
        "monterosso",
        "foresto-sparso",
        "altro",
    ]
)


@settings(deadline=None)
@given(WORDS, WORDS, WORDS, WORDS, st.dates(date(2026, 1, 1), date(2028, 1, 1)))
def test_every_report_has_a_route_or_is_held_and_never_both(
    register: Register, category: str, kind: str, urgency: str, neighbourhood: str, day: date
) -> None:
    decision = decision_by(register, Reported(category, kind, urgency, neighbourhood, "bergamo"), day)

    assert (decision.route is None) == (decision.held is not None)
    assert (decision.route is Route.OPERATOR) == (decision.operator is not None)
    assert decision.operator in (None, *(found.operator for found in decision.candidates if found.eligible))


def test_everything_that_intake_can_register_matches_a_rule(register: Register) -> None:
    seed = Path(__file__).parents[2] / "deploy" / "seed" / "intake"
    categories = yaml.safe_load((seed / "categories.yaml").read_text())["categories"]
    rows = [row.cells for row in load_table(seed / "places.csv").rows]
    places = [(row["code"], row["parent"]) for row in rows if row["kind"] == "neighbourhood"]

    decisions = {
        (category["code"], area): decision_by(
            register, Reported(category["code"], category["kind"], category["urgency"], area, province), A_DAY
        )
        for category in categories
        for area, province in places
    }
    held = {area for (_, area), decision in decisions.items() if decision.held}

    assert {decision.held for decision in decisions.values()} == {None, Held.NOBODY_ELIGIBLE}
    assert held == {"foresto-sparso"}
    assert {decision.route for decision in decisions.values()} == {None, *Route}


def test_the_patron_days_are_those_of_intakes_provinces(register: Register) -> None:
    places = Path(__file__).parents[2] / "deploy" / "seed" / "intake" / "places.csv"

    provinces = cells(places, "code", kind="province") or ()
    assert {feast.province for feast in register.calendar.feasts} - {None} == {*provinces}
