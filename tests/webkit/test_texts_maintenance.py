"""Catalogues follow templates and labels; each rule has a planted fault."""

from pathlib import Path

import pytest

from webkit.i18n.__main__ import main
from webkit.i18n.catalogues import catalogue_file, catalogue_state, read_catalogue
from webkit.i18n.extraction import Distribution, distributions
from webkit.i18n.maintenance import mark_reviewed, update
from webkit.i18n.rules import faults
from webkit.i18n.template_rules import template_faults

PAGE = """<h1>{{ _("Buongiorno") }}</h1>
{% trans count=found %}Ha <a href="/">{{ count }} avviso</a>.{% pluralize %}Ha <a href="/">{{ count }} avvisi</a>.{% endtrans %}
{{ label("route", code) }}
"""
LABELS = """
msgctxt "route"
msgid "operator"
msgstr "Operatore"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Distribution:
    for name in ("webkit", "services/desk"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").write_text("")
    _, desk = distributions(tmp_path)
    templates = desk.package / "web" / "templates"
    (templates / "staff").mkdir(parents=True)
    (templates / "page.html").write_text(PAGE)
    write(desk, "it", LABELS)
    update(desk)
    for message, text in {"Buongiorno": "Good morning", "operator": "Operator"}.items():
        replace(desk, "en", f'msgid "{message}"\nmsgstr ""', f'msgid "{message}"\nmsgstr "{text}"')
    return desk


def file_of(desk: Distribution, language: str) -> Path:
    return catalogue_file(desk.locales, language, "public")


def write(desk: Distribution, language: str, messages: str) -> None:
    file_of(desk, language).parent.mkdir(parents=True, exist_ok=True)
    file_of(desk, language).write_text(
        f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n{messages}'
    )


def replace(desk: Distribution, language: str, old: str, new: str) -> None:
    text = file_of(desk, language).read_text(encoding="utf-8")
    assert old in text
    file_of(desk, language).write_text(text.replace(old, new), encoding="utf-8")


def change(desk: Distribution, old: str, new: str) -> None:
    page = desk.package / "web" / "templates" / "page.html"
    page.write_text(page.read_text().replace(old, new))


def texts(desk: Distribution, language: str) -> dict[str, object]:
    catalogue = read_catalogue(file_of(desk, language), language)
    return {str(one.id): one.string for one in catalogue if one.id}


def found(desk: Distribution, language: str, unfinished: bool = True) -> list[str]:
    lines = [fault for fault in faults(desk, unfinished) if fault.startswith(str(file_of(desk, language)))]
    return [line.partition(": ")[2] for line in lines]


def test_pages_of_development_are_not_translated(desk: Distribution) -> None:
    page = desk.package / "web" / "templates" / "development" / "page.html"
    page.parent.mkdir()
    page.write_text('{{ _("Componenti") }}')

    assert update(desk) == []


def test_a_note_to_translators_stands_before_its_sentence(desk: Distribution) -> None:
    change(desk, "<h1>", "{# Nota: il saluto di una lettera #}\n<h1>")
    update(desk)

    assert '#. il saluto di una lettera\nmsgid "Buongiorno"' in file_of(desk, "ro").read_text(
        encoding="utf-8"
    )


def test_catalogues_have_sentences_and_labels_of_codes(desk: Distribution) -> None:
    assert texts(desk, "it") == {"operator": "Operatore"}
    assert {"Buongiorno", "operator"} < texts(desk, "ar").keys()
    assert len(texts(desk, "ar")) == 3
    arabic = file_of(desk, "ar").read_text(encoding="utf-8")
    assert '#. it: Operatore\nmsgctxt "route"' in arabic
    assert arabic.count("#. it:") == 1


def test_a_second_update_changes_nothing(desk: Distribution) -> None:
    assert update(desk) == []


def test_a_text_stays_when_others_change_and_returns_with_its_sentence(desk: Distribution) -> None:
    change(desk, "Buongiorno", "Buonasera")
    update(desk)
    assert texts(desk, "en")["operator"] == "Operator"
    assert texts(desk, "en")["Buonasera"] == ""
    assert '#~ msgid "Buongiorno"' in file_of(desk, "en").read_text(encoding="utf-8")
    change(desk, "Buonasera", "Buongiorno")
    update(desk)
    assert texts(desk, "en")["Buongiorno"] == "Good morning"
    assert "#~" not in file_of(desk, "en").read_text(encoding="utf-8")


def test_the_translation_of_a_label_whose_italian_text_changed_is_to_be_checked(desk: Distribution) -> None:
    replace(desk, "it", "Operatore", "Persona di quartiere")
    update(desk)

    assert found(desk, "en") == ["route/operator: marked fuzzy; check the text and remove the mark"]
    assert found(desk, "ar") == []


def test_a_review_holds_until_a_text_changes(desk: Distribution) -> None:
    mark_reviewed(file_of(desk, "en"), "en", "Ada Esempio, 2026-12-01")
    state = catalogue_state(desk.locales, "en", "public")
    assert (state.reviewed_by, state.reviewed, state.complete) == ("Ada Esempio, 2026-12-01", True, False)

    replace(desk, "en", "Good morning", "Good day")
    update(desk)
    state = catalogue_state(desk.locales, "en", "public")
    assert (state.reviewed_by, state.reviewed) == ("Ada Esempio, 2026-12-01", False)


def test_a_text_may_be_missing_only_while_work_is_unfinished(desk: Distribution) -> None:
    sentence = '“Ha <a href="/">%(count)s avviso</a>.”'

    assert found(desk, "en") == []
    assert found(desk, "en", unfinished=False) == [f"no text for 1 of 3 messages; the first is {sentence}"]
    replace(desk, "it", 'msgstr "Operatore"', 'msgstr ""')
    assert "no text for 1 of 3 messages; the first is route/operator" in found(desk, "it")


@pytest.mark.parametrize(
    ("language", "old", "new", "fault"),
    [
        ("en", '"Good morning"', '"Good %(x)s"', "“Buongiorno”: a placeholder that the Italian text has not: x"),
        ("en", '"Good morning"', '"100% good"', "“Buongiorno”: a single %, write %%"),
        ("en", '"Good morning"', '"<b>Good</b>"', "“Buongiorno”: other HTML tags than the Italian text"),
        ("en", '"Good morning"', '"Good < bad"', "“Buongiorno”: other HTML tags than the Italian text"),
        ("en", '"Operator"', '"<b>Operator</b>"', "route/operator: a label is plain text, without HTML"),
        ("en", 'msgid "Buongiorno"', '#, fuzzy\nmsgid "Buongiorno"', "“Buongiorno”: marked fuzzy; check the text and remove the mark"),
        ("it", 'msgctxt "route"\n', "", "“operator”: the Italian catalogue holds labels, each with a msgctxt"),
        ("en", 'msgid "Buongiorno"', 'msgdi "Buongiorno"', "unreadable: "),
        ("zh", 'msgstr[0] ""', 'msgstr[0] ""\nmsgstr[1] "%(count)s"', "unreadable: "),
    ],
)  # fmt: skip
def test_a_fault_in_a_catalogue_is_named(
    desk: Distribution, language: str, old: str, new: str, fault: str
) -> None:
    replace(desk, language, old, new)

    assert any(one.startswith(fault) for one in found(desk, language)), found(desk, language)


def plural(*forms: str) -> str:
    return "\n".join(f'msgstr[{index}] "{form}"' for index, form in enumerate(forms))


@pytest.mark.parametrize(
    ("language", "forms", "faults"),
    [
        ("en", ("A <a href='/'>notice</a>.",) * 2, ["a placeholder is missing: count"]),
        ("en", ("One", "%(count)s"), ["other HTML tags than the Italian text"] * 2),
    ],
)
def test_plural_forms_are_those_of_the_language(
    desk: Distribution, language: str, forms: tuple[str, ...], faults: list[str]
) -> None:
    tag = "<a href='/'>"
    replace(desk, language, plural("", ""), plural(*forms).replace(tag, '<a href=\\"/\\">'))

    sentence = '“Ha <a href="/">%(count)s avviso</a>.”'
    named = [one for one in found(desk, language) if one.startswith(sentence)]
    assert named == [f"{sentence}: {fault}" for fault in faults]


def test_a_catalogue_that_is_not_utf_8_is_named(desk: Distribution) -> None:
    file_of(desk, "en").write_bytes(b'msgid "Buongiorno"\nmsgstr "\xff"\n')

    assert found(desk, "en")[0].startswith("unreadable: ")


def test_a_catalogue_that_lacks_a_sentence_is_named(desk: Distribution) -> None:
    change(desk, "Buongiorno", "Buonasera")

    assert "not as its templates and Italian labels want it; run `make texts`" in found(desk, "ar")


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("<p>Chiami il 112</p>", "not in the catalogue: “Chiami il 112”"),
        ('<nav aria-label="Principale"></nav>', "not in the catalogue: “Principale”"),
        ('<a href="{{ code }}">Torni</a>', "not in the catalogue: “Torni”"),
        ('{{ label("outcome", code) }}', "the Italian catalogue of public texts has no label of the kind outcome"),
    ],
)  # fmt: skip
def test_a_fault_in_a_template_is_named(desk: Distribution, written: str, fault: str) -> None:
    change(desk, '{{ label("route", code) }}', '{{ label("route", code) }}\n' + written)

    assert [one.partition(": ")[2] for one in template_faults(desk, desk)] == [fault]


def test_an_imported_template_sets_no_text_that_would_stay_in_its_first_language(desk: Distribution) -> None:
    change(desk, "<h1>", '{% set title = _("Buongiorno") %}<h1>')
    assert list(template_faults(desk, desk)) == []

    importer = desk.package / "web" / "templates" / "other.html"
    importer.write_text('{% import "page.html" as page with context %}')
    assert list(template_faults(desk, desk)) == []
    importer.write_text('{% import "page.html" as page %}')
    assert [one.partition(": ")[2] for one in template_faults(desk, desk)] == [
        "line 1: a text set outside blocks and macros stays in its first language"
    ]


def test_markup_names_and_numbers_are_no_sentences(desk: Distribution) -> None:
    change(
        desk,
        "<h1>",
        '<!doctype html><meta name="robots" content="noindex"><p class="lead">Ascolto 112, 115 – /stato <code>docs/runbooks</code> {{ code }}</p><h1>',
    )

    assert list(template_faults(desk, desk)) == []


def test_a_template_that_cannot_be_read_is_named(
    desk: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    change(desk, "<h1>", "<h1>\n{{ code & 1 }}")

    assert main(["check"]) == main(["update"]) == 1
    assert (
        capsys.readouterr().out
        == "services/desk/src/desk/web/templates/page.html:2: unexpected char '&' at 13\n" * 2
    )


def test_check_goes_on_to_its_end_when_a_catalogue_is_unreadable(
    desk: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    replace(desk, "en", 'msgid "Buongiorno"', '<<<<<<< HEAD\nmsgid "Buongiorno"')

    assert main(["check", "--unfinished"]) == 1
    written = capsys.readouterr().out.splitlines()
    assert "locales/en/LC_MESSAGES/public.po: unreadable: " in written[0]
    assert written[-1] == "texts: 3 messages, 1 faults"


def test_the_verbs_report_what_is_wrong(
    desk: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["check", "--unfinished"]) == 0
    assert main(["check"]) == 1
    assert (
        "services/desk/src/desk/locales/ar/LC_MESSAGES/public.po: no text for 3 of 3 messages; the first is route/operator"
        in capsys.readouterr().out
    )
    assert main(["update"]) == 0
    assert "desk/public        en     2 of    3  reviewed by nobody" in capsys.readouterr().out
    assert main(["reviewed", str(file_of(desk, "en")), "Ada Esempio, 2026-12-01"]) == 0
    assert main(["state"]) == 0
    assert "reviewed by Ada Esempio, 2026-12-01\n" in capsys.readouterr().out
