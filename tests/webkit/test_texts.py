"""Templates and labels in the language of the reader."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, UndefinedError

from webkit.i18n import Texts, install

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals={count}; plural={rule};\\n"

"""
ITALIAN = """
msgctxt "route"
msgid "operator"
msgstr "Operatore di quartiere"

msgctxt "route"
msgid "office"
msgstr "Ufficio di %(town)s"

msgctxt "route"
msgid "otherwise"
msgstr "Un ufficio dell'agenzia"

msgctxt "found"
msgid "rule"
msgid_plural "rule"
msgstr[0] "una regola"
msgstr[1] "%(num)s regole"

msgctxt "mark"
msgid "danger"
msgstr "Luce & <gas>"
"""
ENGLISH = """
msgctxt "route"
msgid "operator"
msgstr "Neighbourhood operator"

msgctxt "found"
msgid "rule"
msgid_plural "rule"
msgstr[0] "one rule"
msgstr[1] "%(num)s rules"

msgid "Buongiorno %(name)s"
msgstr "Good morning %(name)s"

msgid "Ha <strong>%(count)s</strong> avviso."
msgid_plural "Ha <strong>%(count)s</strong> avvisi."
msgstr[0] "You have <strong>%(count)s</strong> notice."
msgstr[1] "You have <strong>%(count)s</strong> notices."

msgctxt "category"
msgid "Muffa e umidità"
msgstr "Mould and damp"
"""
TEMPLATES = {
    "greeting": "{{ _('Buongiorno %(name)s', name=name) }}",
    "notices": "{% trans %}\n  Ha <strong>{{ count }}</strong> avviso.\n{% pluralize %}Ha <strong>{{ count }}</strong> avvisi.{% endtrans %}",
    "macros": "{% macro greet(name) %}{{ _('Buongiorno %(name)s', name=name) }} {{ rendered_language().code }}{% endmacro %}",
    "page": "{% import 'macros' as macros %}{{ macros.greet('Ana') }} {{ label('route', code) }} {{ language.direction }}",
    "mark": "{{ label('mark', 'danger') }}",
    "filters": "{{ at|day }}; {{ at|date_and_hour }}; {{ 185000|euro }}; {{ 5400|wait }}; {{ '035 12'|isolated }}",
}


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    for code, messages in {"it": ITALIAN, "en": ENGLISH}.items():
        file = tmp_path / code / "LC_MESSAGES" / "public.po"
        file.parent.mkdir(parents=True)
        file.write_text(PO.format(count=2, rule="(n != 1)") + messages, encoding="utf-8")
    return Texts(tmp_path)


@pytest.fixture
def environment(texts: Texts) -> Environment:
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    install(environment, texts)
    return environment


def test_a_sentence_is_in_the_language_of_the_page_and_in_italian_where_it_has_no_translation(
    environment: Environment,
) -> None:
    greeting = environment.get_template("greeting")

    assert greeting.render(name="Ana") == greeting.render(name="Ana", language="ro") == "Buongiorno Ana"
    assert greeting.render(name="Ana", language="en") == "Good morning Ana"
    assert greeting.render(name="Ana", language="../../etc") == "Buongiorno Ana"


def test_what_a_person_typed_is_escaped_inside_a_sentence_and_the_tags_of_the_sentence_stay(
    environment: Environment,
) -> None:
    assert environment.get_template("greeting").render(name="<b>", language="en") == "Good morning &lt;b&gt;"
    notices = environment.get_template("notices")
    assert notices.render(count=1, language="en") == "You have <strong>1</strong> notice."
    assert notices.render(count=2) == "Ha <strong>2</strong> avvisi."


def test_a_macro_reads_what_the_page_was_given_and_nothing_else(environment: Environment) -> None:
    source = "{% macro seal() %}{{ rendered('seal') }}{% endmacro %}"
    environment.loader = DictLoader({"kit": source, "page": "{% import 'kit' as kit %}{{ kit.seal() }}"})
    page = environment.get_template("page")

    assert [page.render(seal=one) for one in ("a", "<b>")] == ["a", "&lt;b&gt;"]
    with pytest.raises(UndefinedError):
        page.render()


def test_a_part_that_all_pages_share_is_rendered_once_in_each_language(environment: Environment) -> None:
    environment.globals["turn"] = partial(next, count(1))
    part = "{{ turn() }} {{ rendered_language().code }}"
    environment.loader = DictLoader({"part": part, "page": "{{ once('part') }} in {{ language.code }}"})
    page = environment.get_template("page")

    shown = [page.render(language=code) for code in ("it", "en", "it", "en")]

    assert shown == ["1 it in it", "2 en in en"] * 2


def test_macros_of_imported_templates_are_in_the_language_of_the_page(environment: Environment) -> None:
    page = environment.get_template("page")

    assert page.render(code="operator", language="en") == "Good morning Ana en Neighbourhood operator ltr"
    assert page.render(code="operator") == "Buongiorno Ana it Operatore di quartiere ltr"
    assert page.render(code="operator", language="ar") == "Buongiorno Ana ar Operatore di quartiere rtl"


def test_a_label_is_the_text_of_a_code_or_that_of_other_codes(texts: Texts) -> None:
    english, arabic = texts.language("en"), texts.language("ar")

    assert english.label("route", "operator") == "Neighbourhood operator"
    assert arabic.label("route", "operator") == "Operatore di quartiere"
    assert english.label("route", "unknown-code") == "Un ufficio dell'agenzia"
    assert english.label("route", "office", town="Lecco") == "Ufficio di Lecco"
    assert english.label("unknown-kind", "unknown-code") == "unknown-code"
    assert english.label("category", "Muffa e umidità") == "Mould and damp"
    assert arabic.label("category", "Muffa e umidità") == "Muffa e umidità"


def test_a_label_with_a_number_has_the_form_for_that_number(texts: Texts) -> None:
    assert [texts.language("en").label("found", "rule", n=n) for n in (1, 2, 1200)] == [
        "one rule",
        "2 rules",
        "1,200 rules",
    ]
    assert [texts.language("ro").label("found", "rule", n=n) for n in (1, 2)] == ["una regola", "2 regole"]


def test_a_label_is_text_and_never_html(environment: Environment) -> None:
    assert environment.get_template("mark").render() == "Luce &amp; &lt;gas&gt;"


def test_filters_write_in_the_language_of_the_page(environment: Environment) -> None:
    filters, at = environment.get_template("filters"), datetime(2026, 12, 4, 17, tzinfo=UTC)

    assert filters.render(at=at) == (
        'venerdì 4 dicembre 2026; 4 dicembre 2026, ore 18:00; 1.850,00 €; 2 ore; <bdi dir="ltr">035 12</bdi>'
    )
    assert filters.render(at=at.isoformat(), language="en") == (
        'Friday, 4 December 2026; 4 December 2026 at 18:00; €1,850.00; 2 hours; <bdi dir="ltr">035 12</bdi>'
    )


def test_a_day_without_an_hour_needs_no_offset(environment: Environment) -> None:
    written = environment.from_string("{{ day|date }}").render(day=date(2026, 10, 1))

    assert written == "1º ottobre 2026"


def test_renders_at_the_same_time_keep_their_own_language(environment: Environment) -> None:
    page = environment.get_template("page")
    wanted = ["it", "en", "ar"] * 100
    right = {code: page.render(code="operator", language=code) for code in ("it", "en", "ar")}

    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(lambda code: page.render(code="operator", language=code), wanted))

    async def in_tasks() -> list[str]:
        async def render(code: str) -> str:
            await asyncio.sleep(0)
            return page.render(code="operator", language=code)

        return await asyncio.gather(*(render(code) for code in wanted))

    assert threads == asyncio.run(in_tasks()) == [right[code] for code in wanted]


def test_a_page_inside_the_render_of_another_has_its_language(environment: Environment) -> None:
    environment.globals["inner"] = lambda: environment.get_template("greeting").render(name="Ana")

    assert environment.from_string("{{ inner() }}").render(language="en") == "Good morning Ana"
