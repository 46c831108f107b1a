"""The stems of an Italian text: what is left of its words when spelling, endings and small words do not count."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z]+|[0-9]+")
_FEWEST = 3
_LONGEST = 7
# Reports are written with a few thousand words; a longer word than these is none, and is not kept in memory.
_REMEMBERED, _LONGEST_REMEMBERED = 8192, 24
# Articles, prepositions, pronouns, auxiliaries, and the courtesies of a report; accents are gone already.
_SMALL_WORDS = frozenset(
    [
        "a",
        "ad",
        "ai",
        "agli",
        "al",
        "alla",
        "alle",
        "allo",
        "all",
        "anche",
        "ancora",
        "avere",
        "abbiamo",
        "adesso",
        "ha",
        "hai",
        "hanno",
        "ho",
        "avete",
        "aveva",
        "buongiorno",
        "buonasera",
        "salve",
        "grazie",
        "prego",
        "cordiali",
        "saluti",
        "favore",
        "per",
        "perche",
        "percio",
        "piu",
        "poi",
        "pure",
        "che",
        "chi",
        "ci",
        "cui",
        "come",
        "con",
        "contro",
        "col",
        "coi",
        "cosa",
        "cosi",
        "cio",
        "da",
        "dal",
        "dalla",
        "dalle",
        "dallo",
        "dai",
        "dagli",
        "dall",
        "davanti",
        "di",
        "del",
        "della",
        "delle",
        "dello",
        "dei",
        "degli",
        "dell",
        "dentro",
        "dopo",
        "dove",
        "dopo",
        "e",
        "ed",
        "era",
        "erano",
        "essere",
        "e",
        "fa",
        "fare",
        "fatto",
        "fate",
        "fino",
        "fra",
        "gli",
        "i",
        "il",
        "in",
        "io",
        "la",
        "le",
        "li",
        "lo",
        "loro",
        "lui",
        "lei",
        "l",
        "ma",
        "me",
        "mi",
        "mia",
        "mie",
        "mio",
        "miei",
        "molto",
        "nel",
        "nella",
        "nelle",
        "nello",
        "nei",
        "negli",
        "nell",
        "ne",
        "noi",
        "nostra",
        "nostro",
        "nostri",
        "nn",
        "no",
        "non",
        "o",
        "ogni",
        "oggi",
        "oppure",
        "ora",
        "piu",
        "qualcosa",
        "qualcuno",
        "quale",
        "quando",
        "quanto",
        "quasi",
        "quella",
        "quelle",
        "quelli",
        "quello",
        "questa",
        "queste",
        "questi",
        "questo",
        "qui",
        "sa",
        "se",
        "sei",
        "sempre",
        "senza",
        "si",
        "sia",
        "siamo",
        "solo",
        "sono",
        "sopra",
        "sotto",
        "sta",
        "stata",
        "stato",
        "stanno",
        "su",
        "sua",
        "sue",
        "suo",
        "suoi",
        "sul",
        "sulla",
        "sulle",
        "sullo",
        "sui",
        "sugli",
        "sull",
        "tanto",
        "te",
        "ti",
        "tra",
        "tre",
        "troppo",
        "tu",
        "tua",
        "tuo",
        "tutta",
        "tutte",
        "tutti",
        "tutto",
        "un",
        "una",
        "uno",
        "un",
        "vi",
        "voi",
        "x",
        "ieri",
        "domani",
        "stamattina",
        "stanotte",
        "giorni",
        "giorno",
        "settimana",
        "settimane",
        "mese",
        "mesi",
        "volta",
        "volte",
        "ore",
    ]
)
_SOUNDS = (
    (re.compile(r"sc(?=[ei])"), "s"),
    (re.compile(r"c?q"), "q"),
    (re.compile(r"gni(?=[aou])"), "gn"),
    (re.compile(r"h"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)
_ENDING = re.compile(
    r"(?:azion[ei]|amenti|amento|ament[ei]|abil[ei]|atric[ei]|ator[ei]|issim[aeio]|"
    r"endo|ando|at[aeio]|ut[aeio]|it[aeio]|ar[ei]|er[ei]|ir[ei]|[aeiou]{1,2})(?![a-z0-9])"
)


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order and with repetitions; a word with a common mistake has the stem of the right one.

    Accents and case are folded, doubled letters count once, c before q and h do not count, and at most seven letters do.
    """
    words = (word for word in _WORD.findall(_folded(text)) if word not in _SMALL_WORDS)
    found = (_known_stem(word) if len(word) <= _LONGEST_REMEMBERED else _stem(word) for word in words)
    return tuple(stem for stem in found if len(stem) >= _FEWEST)


def _stem(word: str) -> str:
    for sound, written in _SOUNDS:
        word = sound.sub(written, word)
    short = _ENDING.sub("", word)
    return (short if len(short) >= _FEWEST else word)[:_LONGEST]


_known_stem = lru_cache(_REMEMBERED)(_stem)


def _folded(text: str) -> str:
    plain = text.casefold()
    if plain.isascii():
        return plain
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(one for one in decomposed if one < "\x80" or not unicodedata.combining(one))
