"""The stems of words: stored hashes are of them, so they never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.word_stems import stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Buongiorno, l'ASCENSORE della scala B è fermo: l'acqua, l’aqua e la lasciata lampadina rotte, 3 volte in 100 giorni",
            "asensor scal ferm aqua aqua lasi lampadi rot",
        ),
        (
            "Ho già scritto: sciacquone; ogniuno parla dell'illuminazione e del riscaldamento che perdeva",
            "gia scr siaquon ognun parl ilumin riscald perdev",
        ),
    ],
)
def test_a_text_has_the_stems_that_were_stored(text: str, expected: str) -> None:
    assert stems(text) == tuple(expected.split())


@given(st.lists(st.text(alphabet="aeioscghnqlrtàèì129", max_size=9), max_size=5))
def test_each_word_has_the_stem_that_it_has_alone(words: list[str]) -> None:
    assert stems(" ".join(words)) == tuple(one for word in words for one in stems(word))
