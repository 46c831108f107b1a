"""The documents that routing stores."""

from chassis.documents import Collection, Raw
from routing.domain.absences import Absences
from routing.domain.cases import Case
from routing.domain.registers import Register
from routing.domain.talks import Talk


def _with_history(state: Raw) -> Raw:
    """Schema 2 adds the history, which for documents in schema 1 is what their other fields tell."""
    first = {
        "what": "opened" if state.get("held") is None else "held",
        "at": state["opened_at"],
        "route": state.get("route"),
        "operator": state.get("operator"),
        "code": state.get("held"),
    }
    dates = {"contact": state["contact_due_at"], "completion": state["due_at"]}
    history = [
        first,
        *({"what": "missed", "at": dates[missed], "code": missed} for missed in state.get("missed", ())),
    ]
    if state.get("resolved_at") is not None:
        history.append({"what": "resolved", "at": state["resolved_at"], "code": state["outcome"]})
    return state | {"history": history, "closing": None, "reopened_at": None}


def _on_its_own(state: Raw) -> Raw:
    """Schema 3 adds the reports about the same problem and the corrections; a case in schema 2 has none."""
    return state | {
        "merged_into": None,
        "followers": [],
        "voices": 1,
        "left": False,
        "raised_by": None,
        "shared": [],
        "corrected": [],
    }


def _unrated(state: Raw) -> Raw:
    """Schema 4 adds the scores; those of a case in schema 3 are in intake alone."""
    return state | {"ratings": []}


CASES = Collection(
    "cases",
    Case,
    lambda case: case.report_id,
    publishes=("routing.cases",),
    upcasters=(_with_history, _on_its_own, _unrated),
)


def _without_loading(state: Raw) -> Raw:
    """Schema 2 adds when the register was put in force, which is unknown for documents in schema 1."""
    return state | {"loading": None}


def _without_subjects(state: Raw) -> Raw:
    """Schema 3 adds the subject ids of operators; documents in schema 2 have none."""
    return state | {"subjects": {}}


def _without_raises(state: Raw) -> Raw:
    """Schema 4 adds the rules that raise a case; a register in schema 3 has none."""
    return state | {"raises": []}


REGISTERS = Collection(
    "registers",
    Register,
    lambda register: register.id,
    reference=True,
    upcasters=(_without_loading, _without_subjects, _without_raises),
)
# Read with every new report and written seldom: a report that is registered at the same moment may not see it.
ABSENCES = Collection("absences", Absences, lambda absences: absences.id, reference=True)
TALKS = Collection("talks", Talk, lambda talk: talk.session_id)
