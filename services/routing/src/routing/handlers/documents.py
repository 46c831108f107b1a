"""The documents that routing stores."""

from chassis.documents import Collection, Raw
from routing.domain.cases import Case
from routing.domain.registers import Register

CASES = Collection("cases", Case, lambda case: case.report_id, publishes=("routing.cases",))


def _without_loading(state: Raw) -> Raw:
    """Schema 2 adds when the register was put in force, which is unknown for documents in schema 1."""
    return state | {"loading": None}


REGISTERS = Collection(
    "registers", Register, lambda register: register.id, reference=True, upcasters=(_without_loading,)
)
