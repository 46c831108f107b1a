"""The menu of staff: the areas of all services on one origin, each for the roles that may open it."""

from dataclasses import dataclass

from webkit.login import Visitor


@dataclass(frozen=True)
class Area:
    """An area of the staff pages; its label is the text of its code in the catalogue, kind `area`."""

    code: str
    path: str
    roles: frozenset[str]


# The areas of the public pages: the code of the title (kind `public-area`) and the path.
PUBLIC_MENU = (
    ("start", "/"),
    ("report", "/segnala"),
    ("status", "/stato"),
    ("listening-points", "/punti-di-ascolto"),
    ("statistics", "/statistiche"),
)
STAFF_START = "/lavoro"
AREAS = (
    Area("mine", "/lavoro", frozenset({"operator"})),
    Area("talks", "/colloqui", frozenset({"operator"})),
    Area("field", "/campo", frozenset({"operator"})),
    Area("board", "/lavoro/quadro", frozenset({"coordinator"})),
    Area("absences", "/lavoro/assenze", frozenset({"coordinator"})),
    Area("applications", "/contributi", frozenset({"officer"})),
    Area("budgets", "/contributi/bilanci", frozenset({"officer"})),
    Area("waiting-list", "/contributi/attesa", frozenset({"officer"})),
    Area("reports", "/segnalazioni", frozenset({"operator", "coordinator", "officer"})),
    Area("messages", "/messaggi", frozenset({"operator", "coordinator", "ops"})),
    Area("settings", "/lavoro/impostazioni", frozenset({"coordinator", "ops"})),
    Area("system", "/sistema", frozenset({"ops"})),
    Area("texts", "/sistema/testi", frozenset({"coordinator", "ops"})),
)
ROLES = frozenset().union(*(area.roles for area in AREAS))


def areas_of(visitor: Visitor) -> tuple[Area, ...]:
    """The areas that this person may open."""
    return tuple(area for area in AREAS if not area.roles.isdisjoint(visitor.roles))


def current_area(path: str) -> str:
    """The code of the area that a page belongs to: the one with the longest path above it, or nothing."""
    around = [area for area in AREAS if path == area.path or path.startswith(f"{area.path}/")]
    return max(around, key=lambda area: len(area.path)).code if around else ""


def home_of(visitor: Visitor) -> str:
    """Where this person's work begins, or the public home."""
    areas = areas_of(visitor)
    return areas[0].path if areas else "/"
