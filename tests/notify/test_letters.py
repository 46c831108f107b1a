"""Each letter is in Italian, has the same content as text and as HTML, and contains no other personal data."""

import html as entities
import re
import unicodedata
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import escape

from chassis.seed import SeedError
from notify.adapters.catalogue_file import read_catalogue
from notify.adapters.letters_jinja import TEMPLATES, JinjaLetters
from notify.domain.letters import Contact, Letter

REPORT = "0190a000-0000-7000-8000-0000abcd1234"
SEED = Path(__file__).parents[2] / "deploy" / "seed" / "notify"
SOMEBODY = Contact(
    "maria@example.org", "Maria Esempio", "it", "A84A5-ZGR6S", "Ascensore", "via dei Campioni 3"
)
LATER = "2026-12-04T17:00:00.000Z"

CASES: list[tuple[str, dict[str, str], list[str]]] = [
    (
        "mail-added",
        {"photos": "1", "left_out": "document,archive"},
        ["aggiunta alla Sua segnalazione", "- un documento", "zip"],
    ),
    (
        "report-received",
        {"heard_at": "2026-11-22T23:30:00.000Z"},
        ["lunedì 23 novembre 2026", "entro quando"],
    ),
    (
        "case-opened",
        {"route": "operator", "contact_due_at": LATER, "due_at": "2026-12-21T17:00:00.000Z"},
        [
            "persona di riferimento",
            "venerdì 4 dicembre 2026, ore 18:00",
            "lunedì 21 dicembre 2026, ore 18:00",
        ],
    ),
    (
        "case-opened",
        {"route": "not-known-yet", "contact_due_at": "", "due_at": ""},
        ["l'ufficio competente", "ce ne scusiamo"],
    ),
    ("case-held", {"due_at": LATER}, ["non andrà persa", "chi coordina", "venerdì 4 dicembre 2026"]),
    (
        "case-handed-off",
        {"route": "technical-office", "due_at": LATER},
        ["si occupa l'ufficio tecnico", "Il termine per la risposta è venerdì 4 dicembre 2026"],
    ),
    (
        "case-reopened",
        {"route": "operator", "due_at": LATER},
        ["riaperto", "persona di riferimento", "venerdì 4 dicembre 2026, ore 18:00"],
    ),
    ("case-reopened", {"route": "", "due_at": ""}, ["Chi coordina il servizio", "ce ne scusiamo"]),
    ("case-resolved", {"outcome": "withdrawn"}, ["è stata ritirata", "come ci è stato chiesto"]),
    ("case-resolved", {"outcome": "handed-off"}, ["conclusa", "affidata a chi può occuparsene"]),
    (
        "documents-requested",
        {"documents": "isee-attestation,tenancy-contract,brand-new"},
        [
            "- l'attestazione ISEE ordinaria",
            "- il contratto di locazione",
            "- un altro documento",
            "punto di ascolto",
        ],
    ),
    ("subsidy-granted", {"amount_cents": "185000", "partial": ""}, ["1.850,00 €", "accolta"]),
    (
        "subsidy-granted",
        {"amount_cents": "251890", "partial": "yes"},
        ["2.518,90 €", "risorse disponibili sono terminate"],
    ),
    (
        "subsidy-refused",
        {},
        ["TAR", "60 giorni", "Presidente della Repubblica", "120 giorni", "si legge al punto di ascolto"],
    ),
    ("decision-annulled", {}, ["abbiamo annullato", "una nuova decisione", "si legge al punto di ascolto"]),
    ("subsidy-waitlisted", {}, ["lista d'attesa", "Non serve presentare una nuova domanda"]),
]


def text_of_html(letter: Letter) -> str:
    body = letter.html.partition("</head>")[2]
    return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize(("template", "values", "expected"), CASES)
def test_a_letter_contains_what_the_event_says(
    letters: JinjaLetters, template: str, values: dict[str, str], expected: list[str]
) -> None:
    letter = letters.write(template, values, SOMEBODY, REPORT)

    assert [part for part in expected if part not in letter.text] == []
    assert "Gentile Maria Esempio," in letter.text
    assert "Riferimento: A84A5-ZGR6S\nChe cosa: Ascensore\nDove: via dei Campioni 3\n" in letter.text
    assert "https://ascolto.example/stato?codice=A84A5-ZGR6S" in letter.text
    assert letter.subject.startswith("Ascensore, via dei Campioni 3: ")
    assert 10 <= len(letter.subject) <= 120
    assert f"<title>{escape(letter.subject)}</title>" in letter.html


@pytest.mark.parametrize(("template", "values", "expected"), CASES)
def test_text_and_html_have_the_same_content(
    letters: JinjaLetters, template: str, values: dict[str, str], expected: list[str]
) -> None:
    letter = letters.write(template, values, SOMEBODY, REPORT)

    assert text_of_html(letter) == " ".join(re.sub(r"^- ", "", letter.text, flags=re.MULTILINE).split())


def test_a_withdrawal_is_told_as_a_withdrawal(letters: JinjaLetters) -> None:
    withdrawn, solved = (
        letters.write("case-resolved", {"outcome": outcome}, SOMEBODY, REPORT)
        for outcome in ("withdrawn", "solved")
    )

    assert withdrawn.subject == "Ascensore, via dei Campioni 3: la segnalazione è ritirata"
    assert solved.subject == "Ascensore, via dei Campioni 3: la segnalazione è conclusa"
    assert "conclusa" not in withdrawn.text


def test_without_a_name_of_the_report_the_subject_is_a_sentence(letters: JinjaLetters) -> None:
    letter = letters.write("case-resolved", {"outcome": "solved"}, Contact("maria@example.org"), REPORT)

    assert letter.subject == "La segnalazione è conclusa"
    assert "Riferimento: ABCD1234\n\n" in letter.text
    assert "https://ascolto.example/stato\n" in letter.text
    assert "Che cosa" not in letter.html
    assert "None" not in letter.text + letter.html


def test_the_agency_can_be_reached(letters: JinjaLetters) -> None:
    reached = letters.write("case-resolved", {"outcome": "solved"}, SOMEBODY, REPORT)

    assert "Telefono: 035 000000\n" in reached.text
    assert "può rispondere" in reached.text
    assert '<a href="tel:035000000">' in reached.html


def test_every_template_has_a_case_here() -> None:
    there = {path.stem for path in (TEMPLATES / "mails").iterdir()} - {"layout"}

    # That of a mail without a report has another frame: test_languages.py
    assert there - {"mail-waiting"} == {template for template, _, _ in CASES}


@pytest.mark.parametrize(("template", "values", "expected"), [case for case in CASES if case[1]])
def test_a_value_that_is_missing_is_an_error(
    letters: JinjaLetters, template: str, values: dict[str, str], expected: list[str]
) -> None:
    with pytest.raises(UndefinedError):
        letters.write(template, {}, SOMEBODY, REPORT)


def test_a_refusal_names_no_grounds_and_no_amount(letters: JinjaLetters) -> None:
    letter = letters.write("subsidy-refused", {}, SOMEBODY, REPORT)

    assert "€" not in letter.text
    assert "ISEE" not in letter.text


@pytest.mark.parametrize("language", ["tlh", "", "../../etc/passwd", "it.txt"])
def test_a_language_without_template_falls_back_to_italian(letters: JinjaLetters, language: str) -> None:
    letter = letters.write(
        "case-resolved", {"outcome": "solved"}, Contact("m@example.org", None, language), REPORT
    )

    assert letter.language == "it"
    assert "Buongiorno," in letter.text


def test_a_name_cannot_carry_a_message_or_markup(letters: JinjaLetters) -> None:
    letter = letters.write(
        "case-resolved",
        {"outcome": "solved"},
        Contact("m@example.org", "<a href=x>vinci</a> example.org"),
        REPORT,
    )

    assert "vinci" not in letter.text + letter.html


@pytest.mark.parametrize("name", ["Nicolo\u0300 Prova", "রহিমা খাতুন", "राधा", "சுதா", "สมชาย", "مُحَمَّد"])
def test_a_name_in_any_script_is_in_both_parts_of_a_letter(letters: JinjaLetters, name: str) -> None:
    letter = letters.write(
        "case-resolved", {"outcome": "solved"}, Contact("somebody@example.org", name), REPORT
    )

    greeting = f"Gentile {unicodedata.normalize('NFC', name)},"
    assert greeting in letter.text
    assert greeting in text_of_html(letter)


def test_a_catalogue_needs_a_text_for_codes_that_are_not_listed(tmp_path: Path) -> None:
    text = (SEED / "words.yaml").read_text()
    (tmp_path / "words.yaml").write_text(text.replace('  otherwise: "l\'ufficio competente"\n', ""))

    with pytest.raises(SeedError, match="line 9: routes: write `otherwise` too"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("written", "misspelt", "line", "told"),
    [
        ("technical-office:", "tecnical-office:", 11, "there is no such code"),
        ("signature:", "signatur:", 4, "is not a field"),
        ('solved: "', 'solved: 1 # "', 19, "write a text"),
        ('"l\'ufficio tecnico"', '" "', 11, "The text shows nothing"),
    ],
)
def test_a_mistake_in_the_catalogue_is_refused_with_its_line(
    tmp_path: Path, written: str, misspelt: str, line: int, told: str
) -> None:
    text = (SEED / "words.yaml").read_text(encoding="utf-8")
    assert written in text
    (tmp_path / "words.yaml").write_text(text.replace(written, misspelt, 1), encoding="utf-8")

    with pytest.raises(SeedError) as refused:
        read_catalogue(tmp_path)

    assert (line, True) in [(fault.line, told in str(fault)) for fault in refused.value.faults]
