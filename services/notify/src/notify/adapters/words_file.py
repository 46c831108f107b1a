"""The agency's own words for codes, from words.yaml."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

OTHERWISE = "otherwise"


class WordsError(ValueError):
    """The file of words cannot be used; the text says where and why."""


@dataclass(frozen=True)
class Words:
    """What codes are called; each group has an `otherwise` for codes that are not known yet."""

    signature: str
    where_to_bring: str
    where_to_read: str
    routes: dict[str, str]
    outcomes: dict[str, str]
    documents: dict[str, str]

    def of(self, group: dict[str, str], code: str) -> str:
        """The words for a code."""
        return group.get(code, group[OTHERWISE])


WORDS = TypeAdapter(Words)


def read_words(folder: Path) -> Words:
    """Read and check words.yaml; raises WordsError."""
    path = folder / "words.yaml"
    try:
        words = WORDS.validate_python(yaml.safe_load(path.read_bytes()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise WordsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    for group in ("routes", "outcomes", "documents"):
        if OTHERWISE not in getattr(words, group):
            raise WordsError(f"{path}: {group} needs an `{OTHERWISE}` for codes that are not known yet")
    return words
