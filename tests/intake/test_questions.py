"""The questions of a category: which are asked, which answers are accepted, what they change, and what people find by words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.adapters.category_files import read_categories, read_category_texts
from intake.domain.categories import (
    AnswerType,
    Category,
    Condition,
    Consequence,
    Kind,
    Option,
    Question,
    Urgency,
    class_of,
)
from intake.domain.category_search import find_categories, find_diversions
from intake.domain.category_texts import CategoryWords
from intake.domain.questions import (
    Answer,
    Answers,
    answer_faults,
    asked,
    diverted,
    only_asked,
    raised_to,
    tidy_answers,
)

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"
TREE = read_categories(SEED)
WORDS = {one.language: CategoryWords(one) for one in read_category_texts(SEED)} | {"it": CategoryWords()}
LIFT = Category(
    "lift",
    "Ascensore",
    Kind.TECHNICAL,
    Urgency.N,
    questions=(
        Question(
            "inside",
            "Qualcuno dentro?",
            AnswerType.YES_NO,
            required=True,
            raises=(Consequence(("yes",), diversion="trapped"),),
        ),
        Question("which", "Quali?", AnswerType.SEVERAL_OF, options=(Option("a", "A"), Option("b", "B"))),
        Question("since", "Da quando?", AnswerType.DATE, only_if=Condition("which", ("a",))),
        Question("floor", "Piano?", AnswerType.NUMBER, most=9, only_if=Condition(places=("stair",))),
        Question("more", "Altro?", AnswerType.TEXT, only_if=Condition("since", ("x",))),
        Question("stuck", "Chi?", AnswerType.YES_NO, raises=(Consequence(("yes",), Urgency.U),)),
    ),
)


def answers(**given_: str | tuple[str, ...]) -> Answers:
    return tidy_answers(
        [Answer(code, (one,) if isinstance(one, str) else one) for code, one in given_.items()]
    )


def codes(given_: Answers, place_kind: str = "building") -> list[str]:
    return [one.code for one in asked(LIFT, given_, place_kind)]


def test_a_question_waits_for_its_answer_and_for_its_place() -> None:
    assert codes(()) == ["inside", "which", "stuck"]
    assert codes(answers(which=("b", "a"))) == ["inside", "which", "since", "stuck"]
    assert codes(answers(which="b"), "stair") == ["inside", "which", "floor", "stuck"]


def test_an_answer_that_is_not_asked_any_more_is_left_out_with_what_follows_from_it() -> None:
    given_ = answers(inside="no", which="b", since="2026-01-01", more="x")

    assert [one.question for one in only_asked(LIFT, given_, "building")] == ["inside", "which"]


@pytest.mark.parametrize(
    ("given_", "faults"),
    [
        (answers(inside="no", which=("a", "b"), since="2026-02-28", floor="0"), []),
        (answers(), [("question-unanswered", "inside")]),
        (answers(inside="maybe"), [("answer-unknown", "inside")]),
        (answers(inside=("no", "yes")), [("answer-not-one", "inside")]),
        (answers(inside="no", which="c"), [("answer-unknown", "which")]),
        (answers(inside="no", which="a", since="2026-02-30"), [("answer-not-a-date", "since")]),
        (answers(inside="no", which="a", since="28/02/2026"), [("answer-not-a-date", "since")]),
        (answers(inside="no", floor="10"), [("answer-not-a-number", "floor")]),
        (answers(inside="no", floor="٣"), [("answer-not-a-number", "floor")]),
        (answers(inside="no", since="2026-02-28"), [("answer-not-asked", "since")]),
        (answers(inside="no", colour="red"), [("unknown-question", "colour")]),
        (
            answers(floor="x", which="c"),
            [
                ("question-unanswered", "inside"),
                ("answer-unknown", "which"),
                ("answer-not-a-number", "floor"),
            ],
        ),
    ],
)
def test_each_wrong_answer_is_named_in_the_order_of_the_form(
    given_: Answers, faults: list[tuple[str, str]]
) -> None:
    assert [(one.slug, one.question) for one in answer_faults(LIFT, given_, "stair")] == faults


def test_a_short_text_has_a_limit_and_no_control_characters() -> None:
    text = Category("x", "X", Kind.SOCIAL, Urgency.S, questions=(Question("t", "T", AnswerType.TEXT),))

    assert [one.slug for one in answer_faults(text, answers(t="è" * 201), "")] == ["answer-too-long"]
    assert [one.slug for one in answer_faults(text, answers(t="a\x07"), "")] == ["answer-unreadable"]
    assert answer_faults(text, answers(t="è" * 200), "") == ()


def test_an_answer_raises_the_class_then_a_frail_person_does() -> None:
    raised = raised_to(LIFT, answers(inside="no", stuck="yes"))

    assert [class_of(LIFT, False, None), class_of(LIFT, False, raised)] == [Urgency.N, Urgency.U]
    assert [class_of(LIFT, True, None), class_of(LIFT, True, raised)] == [Urgency.U, Urgency.E1]
    assert raised_to(LIFT, answers(stuck="no")) is None


def test_an_answer_that_tells_of_a_danger_is_named_with_whom_to_call() -> None:
    assert diverted(LIFT, answers(inside="yes")) == ("inside", "trapped")
    assert diverted(LIFT, answers(inside="no")) is None


VALUES = st.sampled_from(["yes", "no", "a", "b", "3", "2026-01-01", "x", ""])


@given(
    st.dictionaries(st.sampled_from([one.code for one in LIFT.questions]), st.lists(VALUES, max_size=2)),
    st.sampled_from(["stair", "building"]),
)
def test_what_is_only_asked_has_no_answer_too_many_whatever_was_typed(
    typed: dict[str, list[str]], kind: str
) -> None:
    kept = only_asked(LIFT, tidy_answers([Answer(code, tuple(one)) for code, one in typed.items()]), kind)

    assert not {"answer-not-asked", "unknown-question"} & {
        one.slug for one in answer_faults(LIFT, kept, kind)
    }
    assert only_asked(LIFT, kept, kind) == kept


@pytest.mark.parametrize(
    ("language", "typed", "first"),
    [
        ("it", "piove dal soffitto", "infiltrazioni"),
        ("it", "scarafaggi", "infestanti"),
        ("it", "il mio vicino fa rumore", "vicinato"),
        ("it", "lampadine rotte", "luce-scale"),
        ("en", "elevator", "ascensore"),
        ("en", "ascensore", "ascensore"),
        ("fr", "moisissures", "muffa"),
        ("ar", "صراصير", "infestanti"),
        ("es", "cucaracha", "infestanti"),
        ("ro", "curentul", "corrente"),
        ("uk", "таргани", "infestanti"),
        ("zh", "电梯", "ascensore"),
    ],
)
def test_a_category_is_found_by_the_readers_own_words(language: str, typed: str, first: str) -> None:
    found = find_categories(TREE, WORDS[language], typed)

    assert first in [one.code for one in found[:3]]
    assert len(found) <= 8


def test_nothing_is_found_by_no_words() -> None:
    assert find_categories(TREE, WORDS["it"], "  a ") == ()
    assert find_categories(TREE, WORDS["it"], "xyzzy") == ()


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("C'è ODORE di gas sulle scale!", "gas-fuoco"),
        ("mio figlio è bloccato nell’ascensore", "persona-in-ascensore"),
        ("Somebody is stuck in the lift", "persona-in-ascensore"),
        ("有人被困在电梯里", "persona-in-ascensore"),
        ("رائحة غاز في السلم", "gas-fuoco"),
        ("ci sono cavi scoperti in cantina", "corrente-scoperta"),
        ("la lampada è bruciata", None),
        ("ascensore bloccato al piano", None),
        ("Il contributo per il gas", None),
    ],
)
def test_a_danger_is_found_in_a_text_of_any_language(text: str, danger: str | None) -> None:
    found = [one.code for one in find_diversions(TREE, tuple(WORDS.values()), text)]

    assert found == ([danger] if danger else [])


def test_no_keyword_of_a_harmless_category_tells_of_a_danger() -> None:
    harmless = [one for one in TREE.categories if one.kind is not Kind.DANGER]

    for category in harmless:
        for word in category.keywords:
            assert find_diversions(TREE, (WORDS["it"],), word) == (), word
