"""The table of routing: for each event, command or timer, the documents it needs and its handler."""

from chassis.handling import Reactions, ignore, on
from contracts.intake import ReportAmended, ReportRegistered, ReportWithdrawn
from routing.domain.registers import CURRENT
from routing.handlers.close_withdrawn_case import close_withdrawn_case
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import DueDatePassed, escalate_case
from routing.handlers.load_register import LoadRegister, load_register
from routing.handlers.open_case import open_case
from routing.handlers.resolve_case import ResolveCase, resolve_case

SUBSCRIBES = ("intake.reports",)

REACTIONS = Reactions(
    on(ReportRegistered, lambda event: (CASES[event.report_id], REGISTERS[CURRENT]), open_case),
    on(ReportWithdrawn, lambda event: (CASES[event.report_id],), close_withdrawn_case),
    ignore(ReportAmended),
    on(ResolveCase, lambda command: (CASES[command.report_id],), resolve_case),
    on(DueDatePassed, lambda timer: (CASES[timer.report_id],), escalate_case),
    on(LoadRegister, lambda _: (REGISTERS[CURRENT],), load_register),
)
