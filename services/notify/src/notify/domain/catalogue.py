"""The texts that the agency writes for codes: who handles a case, how it ended, which documents to bring."""

from collections.abc import Mapping
from dataclasses import dataclass

OTHERWISE = "otherwise"
# Why an attachment was not kept: the codes that have a text of their own.
LEFT_OUT = frozenset(
    {
        "archive",
        "document",
        "photo-too-large",
        "photo-too-many-pixels",
        "photo-unreadable",
        "program",
        "too-many-photos",
        "winmail",
    }
)


@dataclass(frozen=True)
class Catalogue:
    """Texts by code, in three groups; each group has a text under `otherwise` for every other code."""

    signature: str
    where_to_bring: str
    where_to_read: str
    routes: dict[str, str]
    outcomes: dict[str, str]
    documents: dict[str, str]


def text_of(group: Mapping[str, str], code: str) -> str:
    """The text for a code of this group, or the text under `otherwise`."""
    return group.get(code, group[OTHERWISE])
