"""The seed determines the order of faults, and every kind is in the catalogue."""

import random
from collections import Counter
from itertools import islice

import pytest
from bench.faults.catalogue import FAULTS, MEAN_PAUSES, each_once, faults_of, weighted

from stack.processes import StackError


def test_every_kind_has_a_fault_and_every_fault_a_scope() -> None:
    assert {fault.kind for fault in FAULTS} == {f"F{n}" for n in range(1, 15)}
    assert all(fault.scopes and set(fault.scopes) <= set(MEAN_PAUSES) for fault in FAULTS)


def test_each_once_is_every_fault_once_in_the_order_of_the_seed() -> None:
    first, again, other = (each_once(random.Random(seed), FAULTS) for seed in (7, 7, 8))
    assert first == again != other
    assert Counter(id(fault) for fault in first) == Counter(id(fault) for fault in FAULTS)


def test_faults_are_as_frequent_as_their_weights() -> None:
    found = Counter(fault.kind for fault in islice(weighted(random.Random(1), FAULTS), 20_000))
    total = sum(fault.weight for fault in FAULTS)
    for kind in ("F1", "F9", "F14"):
        weight = sum(fault.weight for fault in FAULTS if fault.kind == kind)
        assert abs(found[kind] / 20_000 - weight / total) < 0.01


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StackError, match="F99"):
        faults_of(frozenset({"F99"}))
    assert {fault.kind for fault in faults_of(frozenset({"F2", "F9"}))} == {"F2", "F9"}
