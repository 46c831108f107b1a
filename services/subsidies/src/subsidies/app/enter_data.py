"""Enters the data of an application, which decides it."""

from chassis.errors import Refused
from chassis.service import ServiceContext
from subsidies.app.application_data import ApplicationData
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.domain.applications import Application
from subsidies.domain.days import day_in_italy
from subsidies.domain.facts import Facts, future_dates
from subsidies.domain.measures import Measure, measure_for
from subsidies.handlers.check_application import known
from subsidies.handlers.documents import APPLICATIONS, CURRENT, REGISTERS
from subsidies.handlers.submit_application import SubmitApplication
from subsidies.queries.views import OutcomeView, outcome_view


async def enter_data(
    context: ServiceContext, encryption: ApplicationDataEncryption, application_id: str, data: ApplicationData
) -> OutcomeView:
    """Encrypt the data, submit the application and return its outcome; raises Refused with the field and the fix.

    The id of the command contains the fingerprint of the data: equal data return the first outcome.
    """
    stored = await context.load(APPLICATIONS, application_id)
    application = known(stored)
    _refuse_future_dates(context, data.facts())
    measure = await _measure(context, application)
    command = _command(encryption, application_id, data, measure)
    fingerprint = encryption.fingerprint(data)
    answer = await context.run(
        command,
        id=f"data:{application_id}:{fingerprint}",
        key=application_id,
        correlation=application.report_id,
        fingerprint=fingerprint,
    )
    return outcome_view(answer.body)


def _command(
    encryption: ApplicationDataEncryption, application_id: str, data: ApplicationData, measure: Measure
) -> SubmitApplication:
    sealed, salt = encryption.encrypt(application_id, data)
    return SubmitApplication(
        application_id=application_id,
        measure=measure.code,
        notice_on=measure.notice_on,
        pack_hash=measure.pack,
        budget=_budget(measure, data.tenancy.province),
        facts=data.facts(),
        sealed=sealed,
        salt=salt,
    )


def _refuse_future_dates(context: ServiceContext, facts: Facts) -> None:
    for field, latest in future_dates(facts, day_in_italy(context.clock())).items():
        raise Refused("day-ahead", "This day is in the future.", 422, field, f"Write {latest} or earlier.")


async def _measure(context: ServiceContext, application: Application) -> Measure:
    register = await context.load(REGISTERS, CURRENT)
    measures = () if register is None else register.measures
    found = measure_for(measures, application.measure, day_in_italy(context.clock()))
    if found is None:
        raise Refused(
            "no-open-measure",
            "No measure accepts this application.",
            409,
            fix="Add a measure to measures.yaml and restart the service.",
        )
    return found


def _budget(measure: Measure, province: str) -> str:
    budget = measure.budget_of(province)
    if budget is None:
        provinces = ", ".join(name for name, _ in measure.budgets)
        raise Refused(
            "unknown-province",
            "The measure has no budget in this province.",
            422,
            "tenancy.province",
            f"Write one of {provinces}.",
        )
    return budget
