"""Names in the greeting of a letter."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.domain.names import greeting_name


@pytest.mark.parametrize(
    "name",
    [
        "Maria Esempio",
        "Niccolò D'Esempio",
        "Anna-Maria de' Campioni",
        "Gal·la d’Esempi",
        "Ana M. Prova",
        "J.R. Prova",
        "Sig.ra Maria Prova",
        "Dott.ssa Prova",
        "Đặng Thị Mẫu",
        "Ioană Țepeș",
        "Олександра Прикладна",
        "Ουρανία Παραδειγμα",
        "Նարե",
        "ნინო",
        "محمد",
        "مُحَمَّد مِثال",
        "فاطِمة الزَّهراء",
        "نمونه\u200cنژاد",
        "שרה בן־דוגמה",
        "রহিমা খাতুন",
        "উদাহরণ চট্টোপাধ্যায়",
        "राधा उदाहरण",
        "क्षमा श्रीवास्तव",
        "எடுத்துக்காட்டு",
        "மு. கருணா",
        "எம்.ஜி. மாதிரி",
        "ශ්\u200dරී ලාල්",
        "ਗੁਰਪ੍ਰੀਤ ਕੌਰ",
        "ગીતા",
        "తెలుగు ఉదాహరణ",
        "ಕನ್ನಡ",
        "മലയാളം",
        "สมชาย ใจดี",
        "น้ำฝน",
        "မောင်မောင်",
        "ខៀវ ឧទាហរណ៍",
        "བསྟན་འཛིན",
        "ናርዶስ ታደሰ",
        "王小明",
        "ジョン・スミス",
        "김민수",
    ],
)
def test_a_name_is_used_in_the_greeting(name: str) -> None:
    composed = unicodedata.normalize("NFC", name)

    assert greeting_name(f"  {name} ") == greeting_name(unicodedata.normalize("NFD", name)) == composed


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "  ",
        "http://example.org",
        "visit example.org/win now",
        "a@example.org",
        "Chiami 035 000000",
        "x" * 61,
        "una due tre quattro cinque sei sette otto",
        "Maria\u202eoipmesE",
        "<b>Maria</b>",
        "Maria\nEsempio",
        "Maria\r\nBcc: Esempio",
        "Maria\tEsempio",
        "Maria\u2028Esempio",
        "Maria\u200bEsempio",
        "Maria\u2066Esempio\u2069",
        "Maria\u200f",
        "\u200d",
        "\u3164",
        "\u0301Maria",
        "Z" + "\u0301" * 9,
        "example.org",
        "www.example.org",
        "Esempio vinci.example",
        "x.example",
        "vinci.EXAMPLE",
        "maria.esempio",
        "Maria & Ugo",
        "Maria 2",
        "Maria {{ name }}",
        "Maria 🎉",
        "-Maria",
        "Maria-",
        "\ud800",
        "Maria\x00",
    ],
)
def test_a_text_that_does_not_look_like_a_name_is_left_out(name: str | None) -> None:
    assert greeting_name(name) is None


FILLERS = "\u115f\u1160\u3164\uffa0"
LETTER = st.characters(categories=["Lu", "Ll", "Lt", "Lm", "Lo"], exclude_characters=FILLERS)
NEVER = st.characters(
    categories=[
        "Cc",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
        "Nd",
        "Nl",
        "No",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "Pc",
        "Ps",
        "Pe",
    ]
)


@given(st.text(LETTER, min_size=1, max_size=20))
def test_letters_of_any_script_are_a_name(name: str) -> None:
    assert greeting_name(name) == unicodedata.normalize("NFC", name)


@given(before=st.text(LETTER, max_size=5), one=NEVER, after=st.text(LETTER, max_size=5))
def test_no_control_digit_symbol_or_bracket_is_in_a_name(before: str, one: str, after: str) -> None:
    assert greeting_name(before + one + after) is None


@given(st.characters(categories=["Cf"], exclude_characters="\u200c\u200d"))
def test_no_hidden_character_but_a_joiner_is_in_a_name(one: str) -> None:
    assert greeting_name(f"Maria{one}Esempio") is None


@given(st.text(st.characters(exclude_categories=()), max_size=70))
def test_a_name_is_one_line_that_can_be_sent(name: str) -> None:
    greeted = greeting_name(name)

    if greeted is not None:
        assert greeted.encode().decode() == greeted
        assert len(greeted.splitlines()) == 1
        assert not set(greeted) & set("<>@/:&{}\\")
        assert greeting_name(greeted) == greeted
