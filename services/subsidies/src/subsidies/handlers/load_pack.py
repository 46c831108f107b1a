"""Stores a rule pack."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Moment
from subsidies.domain.packs import PackText
from subsidies.handlers.documents import PACKS


@dataclass(frozen=True)
class LoadPack:
    """Store this pack; the packs of past decisions stay stored."""

    pack: PackText


def load_pack(command: LoadPack, known: PackText | None, _moment: Moment) -> Change:
    """Store a pack under its hash; a stored pack never changes."""
    return NOTHING if known is not None else Change(write=[PACKS.put(command.pack)])
