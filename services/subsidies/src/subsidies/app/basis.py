"""Finds what a decision rests on besides the data: the measure in force and the budget of the province."""

from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Basis:
    """An application with its data, and the measure and budget that decide it."""

    application: Application
    measure: Measure
    budget: str
    data: ApplicationData

    def command_fields(
        self, encryption: ApplicationDataEncryption, owner: str, note: str = ""
    ) -> dict[str, Any]:
        """The fields of a command that decides; the data are encrypted for their owner under a new key."""
        sealed, salt = encryption.encrypt(owner, self.data, note)
        return {
            "application_id": self.application.application_id,
            "measure": self.measure.code,
            "notice_on": self.measure.notice_on,
            "pack_hash": self.measure.pack,
            "budget": self.budget,
            "facts": self.data.facts(),
            "sealed": sealed,
            "salt": salt,
        }


async def basis_of(context: ServiceContext, application_id: str, data: ApplicationData) -> Basis:
    """What these data would be decided on today; raises Refused with the field and the fix."""
    stored = await context.load(APPLICATIONS, application_id)
    application = known(stored)
    _refuse_future_dates(context, data.facts())
    measure = await measure_of(context, application)
    return Basis(application, measure, _budget(measure, data.tenancy.province), data)


async def measure_of(context: ServiceContext, application: Application) -> Measure:
    """The measure that decides an application; raises Refused 409 when no notice accepts it."""
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


def _refuse_future_dates(context: ServiceContext, facts: Facts) -> None:
    for field, latest in future_dates(facts, day_in_italy(context.clock())).items():
        raise Refused("day-ahead", "This day is in the future.", 422, field, f"Write {latest} or earlier.")


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
