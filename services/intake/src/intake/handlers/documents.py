"""The collections of intake."""

from chassis.documents import Collection, Raw
from chassis.sealing import Sealed
from intake.domain.registers import Register
from intake.domain.reports import Report


def _without_sender(state: Raw) -> Raw:
    """Form 2 adds the sender's hash; a report of form 1 has none, and no resend of it gets the PIN."""
    return state | {"sender_hash": None}


REPORTS = Collection(
    "reports",
    Report,
    key=lambda report: report.report_id,
    publishes=("intake.reports",),
    upcasters=(_without_sender,),
)
PRIVATE = Collection("private", Sealed, key=lambda sealed: sealed.owner)
REGISTERS = Collection("registers", Register, key=lambda register: register.name, reference=True)
