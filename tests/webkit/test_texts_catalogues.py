"""The catalogues and templates that are shipped."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webkit.i18n import PUBLIC, Texts
from webkit.i18n.catalogues import DOMAINS, PUBLIC_DOMAIN
from webkit.i18n.extraction import Distribution, distributions
from webkit.i18n.rules import faults, references
from webkit.i18n.template_rules import template_faults

ROOT = Path(__file__).parents[2]
ALL = distributions(ROOT)
VALUES = {"any text": "<%(name)s> {0} %", "a number": 3, "nothing": ""}


def name(distribution: Distribution) -> str:
    return distribution.name


@pytest.mark.parametrize("distribution", ALL, ids=name)
def test_every_catalogue_is_complete_and_sound(distribution: Distribution) -> None:
    assert list(faults(distribution)) == []


@pytest.mark.parametrize("distribution", ALL, ids=name)
def test_no_template_has_a_sentence_outside_the_catalogues(distribution: Distribution) -> None:
    assert list(template_faults(distribution, ALL[0])) == []


@pytest.mark.parametrize("code", PUBLIC)
@pytest.mark.parametrize("distribution", ALL, ids=name)
@settings(max_examples=20)
@given(n=st.integers(0, 10**7), value=st.sampled_from(list(VALUES.values())) | st.text(max_size=9))
def test_every_public_text_can_be_written_in_every_language(
    distribution: Distribution, code: str, n: int, value: object
) -> None:
    language = Texts(distribution.locales).language(code)
    for (context, message), reference in references(distribution, PUBLIC_DOMAIN).items():
        values = dict.fromkeys(reference.names - {"num"}, value) | (
            {"num": n} if "num" in reference.names else {}
        )
        if reference.label:
            written = language.label(context, message, n if reference.plural else None, **values)
        elif reference.plural:
            written = language.translations.ngettext(message, reference.forms[1], n) % values
        elif context:
            written = str(language.translations.pgettext(context, message))
        else:
            written = language.translations.gettext(message) % values
        assert written


def test_a_service_has_the_texts_of_the_kit_and_a_state_for_each_catalogue() -> None:
    kit = Texts()

    assert kit.language("en").label("format", "today") == "today"
    assert {(one.distribution, one.language) for one in kit.review_state()} >= {
        ("webkit", code) for code in PUBLIC
    }
    assert all(one.complete for one in kit.review_state())


def test_the_domains_are_those_of_the_manual() -> None:
    manual = (ROOT / "docs" / "texts.md").read_text(encoding="utf-8")

    assert all(f"`{domain}`" in manual for domain in DOMAINS)
    assert all(f"`{code}`" in manual for code in PUBLIC)
