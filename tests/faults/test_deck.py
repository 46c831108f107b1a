"""The order of faults belongs to a seed, and no kind is forgotten."""

import random
from collections import Counter
from itertools import islice

import pytest
from bench.faults.deck import CARDS, WORKERS, cards_of, each_once, endless

from stack.processes import StackError


def test_every_kind_of_the_matrix_has_a_card_and_every_card_a_lane() -> None:
    assert {card.kind for card in CARDS} == {f"F{n}" for n in range(1, 15)}
    assert all(card.sessions and set(card.sessions) <= set(WORKERS) for card in CARDS)


def test_each_once_is_every_card_once_in_the_order_of_the_seed() -> None:
    first, again, other = (each_once(random.Random(seed), CARDS) for seed in (7, 7, 8))
    assert first == again != other
    assert Counter(id(card) for card in first) == Counter(id(card) for card in CARDS)


def test_cards_come_as_often_as_they_weigh() -> None:
    found = Counter(card.kind for card in islice(endless(random.Random(1), CARDS), 20_000))
    total = sum(card.weight for card in CARDS)
    for kind in ("F1", "F9", "F14"):
        weight = sum(card.weight for card in CARDS if card.kind == kind)
        assert abs(found[kind] / 20_000 - weight / total) < 0.01


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StackError, match="F99"):
        cards_of(frozenset({"F99"}))
    assert {card.kind for card in cards_of(frozenset({"F2", "F9"}))} == {"F2", "F9"}
