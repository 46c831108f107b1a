"""The listening points with their hours in words."""

from collections.abc import Mapping, Sequence

from webkit.agency import Agency, ListeningPoint
from webkit.i18n import Language
from webkit.i18n.formats import listed

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def opening_hours(agency: Agency, language: Language) -> Sequence[Mapping[str, object]]:
    """The listening points of the agency, with their hours in this language."""
    return [_point(one, language) for one in agency.listening_points]


def _point(point: ListeningPoint, language: Language) -> Mapping[str, object]:
    hours = [
        {"days": _days(row.days, language), "opens": row.opens, "closes": row.closes} for row in point.hours
    ]
    return {"point": point, "hours": hours}


def _days(days: Sequence[str], language: Language) -> str:
    names = language.locale.days["stand-alone"]["wide"]
    return listed([str(names[_DAYS.index(day)]) for day in days], language)
