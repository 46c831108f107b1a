"""Every mail is whole in every language: no sentence stays in Italian, and codes keep their order among Arabic words."""

import html as entities
import re

import pytest

from notify.adapters.letters_jinja import JinjaLetters
from notify.domain.letters import Contact, Letter
from notify.domain.samples import REPORT_ID, VALUES, sample_contact
from webkit.i18n import PUBLIC

LEGAL = ("subsidy-granted", "subsidy-refused", "subsidy-waitlisted", "decision-annulled")
SAMPLES = [(kind, dict(values)) for kind, variants in VALUES.items() for values in variants]
OTHERS = [language for language in PUBLIC if language != "it"]


def written(
    letters: JinjaLetters, kind: str, values: dict[str, str], language: str, contact: Contact | None = None
) -> Letter:
    return letters.write(kind, values, contact or sample_contact(language), REPORT_ID)


def sentences(text: str) -> set[str]:
    """The lines of a mail that are sentences; the agency's name is the same in every language."""
    return {line for line in text.splitlines() if len(line.split()) > 3 and not line.startswith("Ascolto,")}


def visible(html: str) -> str:
    body = html.partition("</head>")[2]
    return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("language", PUBLIC)
@pytest.mark.parametrize(("kind", "values"), SAMPLES)
def test_every_kind_is_written_in_every_language_as_text_and_as_html(
    letters: JinjaLetters, kind: str, values: dict[str, str], language: str
) -> None:
    letter = written(letters, kind, values, language)

    assert letter.language == language
    assert "%(" not in letter.subject + letter.text + letter.html
    assert letter.subject.startswith("Esempio, via degli Esempi 1: ")
    plain = re.sub(r"^- ", "", re.sub("[\u2066\u2069]", "", letter.text), flags=re.MULTILINE)
    assert visible(letter.html).split() == plain.split()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(("kind", "values"), SAMPLES)
def test_no_sentence_stays_in_italian(
    letters: JinjaLetters, kind: str, values: dict[str, str], language: str
) -> None:
    italian, other = (written(letters, kind, values, one) for one in ("it", language))

    assert sentences(italian.text) & sentences(other.text) == set()
    assert italian.subject != other.subject


@pytest.mark.parametrize("language", PUBLIC)
def test_the_html_states_its_language_and_direction_and_has_the_subject_as_title(
    letters: JinjaLetters, language: str
) -> None:
    letter = written(letters, "subsidy-refused", {}, language)

    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in letter.html
    assert f"<title>{entities.escape(letter.subject, quote=False)}</title>" in letter.html.replace(
        "&#39;", "'"
    )


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", LEGAL)
def test_a_legal_text_in_another_language_says_that_the_italian_one_counts(
    letters: JinjaLetters, kind: str, language: str
) -> None:
    letter = written(letters, kind, dict(VALUES[kind][0]), language)
    italian = written(letters, kind, dict(VALUES[kind][0]), "it")

    assert len(letter.text.split("\n\n")) == len(italian.text.split("\n\n")) + 1


def test_codes_and_numbers_are_isolated_among_arabic_words(letters: JinjaLetters) -> None:
    arabic = written(letters, "case-resolved", {"outcome": "solved"}, "ar")
    english = written(letters, "case-resolved", {"outcome": "solved"}, "en")

    assert "\u2066ABCDE-12345\u2069" in arabic.text
    assert "\u2066035 000000\u2069" in arabic.text
    assert '<bdi dir="ltr">ABCDE-12345</bdi>' in arabic.html
    assert "\u2066" not in english.text


def test_an_amount_and_a_date_are_as_the_language_writes_them(letters: JinjaLetters) -> None:
    english = written(letters, "subsidy-granted", {"amount_cents": "185000", "partial": ""}, "en")
    romanian = written(letters, "case-held", {"due_at": "2026-12-21T17:00:00.000Z"}, "ro")

    assert "€1,850.00" in english.text
    assert "luni, 21 decembrie 2026" in romanian.text


def test_there_are_samples_for_every_template(letters: JinjaLetters) -> None:
    assert set(VALUES) == set(letters.kinds())


def test_what_waits_for_the_desk_has_no_code_to_follow_and_its_attachments_have_reasons(
    letters: JinjaLetters,
) -> None:
    values = {"photos": "0", "left_out": "winmail,something-new"}

    letter = written(letters, "mail-waiting", values, "it")

    assert "/stato" not in letter.text + letter.html
    assert "- un allegato che si apre solo con Outlook (winmail.dat)\n- un altro file\n" in letter.text
    assert "Le Sue foto" not in letter.text
