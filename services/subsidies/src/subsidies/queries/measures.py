"""Reads measures: their titles, and what an application under one of them may name."""

from dataclasses import dataclass
from datetime import date

from chassis.service import ServiceContext
from subsidies.domain.measures import measure_for
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.handlers.documents import CURRENT, PACKS, REGISTERS


@dataclass(frozen=True)
class MeasureView:
    """A measure with the provinces that have a budget and the tracks of its rules, as (code, title) pairs."""

    code: str
    title: str
    notice_on: str
    provinces: tuple[str, ...]
    tracks: tuple[tuple[str, str], ...]


async def measure_titles(context: ServiceContext) -> dict[str, str]:
    """The title of each measure in force, by code."""
    register = await context.load(REGISTERS, CURRENT)
    return {} if register is None else {one.code: one.title for one in register.measures}


async def measure_view(context: ServiceContext, code: str, day: date) -> MeasureView | None:
    """The measure with this code, or with an empty code the one open on this day; None when there is none."""
    register = await context.load(REGISTERS, CURRENT)
    measure = measure_for(() if register is None else register.measures, code, day)
    if measure is None:
        return None
    pack = await context.load(PACKS, measure.pack)
    tracks = () if pack is None else parse_pack_text(pack.text).tracks
    return MeasureView(
        measure.code,
        measure.title,
        measure.notice_on,
        tuple(province for province, _ in measure.budgets),
        tuple((track.code, track.title) for track in tracks),
    )
