"""What routing keeps."""

from chassis.documents import Collection, Raw
from routing.domain.cases import Case
from routing.domain.registers import Register

CASES = Collection("cases", Case, lambda case: case.report_id, publishes=("routing.cases",))


def _not_dated(state: Raw) -> Raw:
    """Form 2 knows when the register was put in force; of an older one nobody does."""
    return state | {"loading": None}


REGISTERS = Collection(
    "registers", Register, lambda register: register.id, reference=True, upcasters=(_not_dated,)
)
