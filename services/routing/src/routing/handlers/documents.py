"""What routing keeps."""

from chassis.documents import Collection
from routing.domain.case import Case
from routing.domain.register import Register

CASES = Collection("cases", Case, lambda case: case.report_id, speaks=("routing.cases",))
REGISTERS = Collection("registers", Register, lambda register: register.id, settled=True)
