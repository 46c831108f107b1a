"""What intake keeps."""

from chassis.documents import Collection
from chassis.sealing import Sealed
from intake.domain.registers import Register
from intake.domain.reports import Report

REPORTS = Collection("reports", Report, key=lambda report: report.report_id, speaks=("intake.reports",))
PRIVATE = Collection("private", Sealed, key=lambda sealed: sealed.owner)
REGISTERS = Collection("registers", Register, key=lambda register: register.name, settled=True)
