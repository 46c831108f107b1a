"""The agency brings a rule pack in."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Moment
from subsidies.handlers.documents import PACKS, PackText


@dataclass(frozen=True)
class LoadPack:
    """Keep this pack beside those that past decisions name."""

    pack: PackText


def load_pack(command: LoadPack, known: PackText | None, _moment: Moment) -> Change:
    """Keep a pack under its hash; a known text changes nothing."""
    return NOTHING if known is not None else Change(write=[PACKS.put(command.pack)])
