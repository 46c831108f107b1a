"""The places of the agency: one tree from the province down to the flat, with the assets of a building or stair."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

_ROME = ZoneInfo("Europe/Rome")


class PlaceKind(StrEnum):
    """What a place is."""

    PROVINCE = "province"
    NEIGHBOURHOOD = "neighbourhood"
    ESTATE = "estate"
    BUILDING = "building"
    STAIR = "stair"
    FLAT = "flat"
    ASSET = "asset"


class AssetKind(StrEnum):
    """What an asset is."""

    LIFT = "lift"
    BOILER = "boiler"
    GATE = "gate"
    ROOF = "roof"
    CELLAR = "cellar"


# The kinds of place that each kind may be directly below; a province is a root.
PARENTS: dict[PlaceKind, frozenset[PlaceKind]] = {
    PlaceKind.PROVINCE: frozenset(),
    PlaceKind.NEIGHBOURHOOD: frozenset({PlaceKind.PROVINCE}),
    PlaceKind.ESTATE: frozenset({PlaceKind.NEIGHBOURHOOD}),
    PlaceKind.BUILDING: frozenset({PlaceKind.NEIGHBOURHOOD, PlaceKind.ESTATE}),
    PlaceKind.STAIR: frozenset({PlaceKind.BUILDING}),
    PlaceKind.FLAT: frozenset({PlaceKind.BUILDING, PlaceKind.STAIR}),
    PlaceKind.ASSET: frozenset({PlaceKind.BUILDING, PlaceKind.STAIR}),
}
# A province is too wide for anybody to be sent to, and a flat tells who reports.
REPORTABLE = frozenset(PlaceKind) - {PlaceKind.PROVINCE, PlaceKind.FLAT}


@dataclass(frozen=True)
class Place:
    """One place with the codes and labels of its neighbourhood and province, both empty above a neighbourhood.

    `lat` and `lon` are degrees (WGS 84); a place without coordinates has those of the nearest place above it that has some.
    From `closed_on` on, a day like 2026-11-30 in Rome, nothing new is reported there; a place is never deleted, because reports name it.
    """

    id: str
    label: str
    neighbourhood: str
    neighbourhood_label: str
    province: str
    province_label: str
    kind: PlaceKind = PlaceKind.BUILDING
    parent: str | None = None
    asset: AssetKind | None = None
    address: str = ""
    postal_code: str = ""
    lat: float | None = None
    lon: float | None = None
    aliases: tuple[str, ...] = ()
    closed_on: str | None = None

    @property
    def is_reportable(self) -> bool:
        """Whether a report can be about a place of this kind."""
        return self.kind in REPORTABLE

    def is_open(self, at: datetime) -> bool:
        """Whether the place is in use at this time."""
        return self.closed_on is None or day_in_rome(at) < self.closed_on


def day_in_rome(at: datetime) -> str:
    """The day of a time as the agency's calendar has it, like 2026-11-30."""
    return at.astimezone(_ROME).date().isoformat()
