"""Opens an application for a report about a contribution."""

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportRegistered
from contracts.subsidies import DocumentsRequested
from subsidies.domain.applications import Application, Status
from subsidies.domain.days import day_in_italy
from subsidies.domain.measures import Register, open_measure
from subsidies.handlers.documents import APPLICATIONS, CURRENT, REGISTERS, application_of

CONTRIBUTION = "contribution"


def asks_for_contribution(event: ReportRegistered) -> bool:
    """Whether a report asks for a contribution; no other report concerns this service."""
    return event.kind == CONTRIBUTION


DOCUMENTS = ("isee-attestation", "tenancy-contract", "household-declaration", "arrears-statement")


def open_application(
    event: ReportRegistered, application: Application | None, register: Register | None, moment: Moment
) -> Change:
    """Open one application per report and request its documents.

    While no notice is open the application waits for one, and no documents are requested. Raises Early until the
    measures are loaded.
    """
    if not asks_for_contribution(event) or application is not None:
        return NOTHING
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    measure = open_measure(register.measures, day_in_italy(moment.now))
    opened = Application(
        application_id=application_of(event.report_id),
        report_id=event.report_id,
        measure=measure.code if measure else "",
        status=Status.AWAITING_DATA if measure else Status.AWAITING_MEASURE,
        opened_at=moment.now,
        province=event.province,
    )
    if measure is None:
        return Change(write=[APPLICATIONS.put(opened)])
    request = DocumentsRequested(
        application_id=opened.application_id,
        report_id=opened.report_id,
        measure=opened.measure,
        documents=DOCUMENTS,
    )
    return Change(write=[APPLICATIONS.put(opened)], events=[request])
