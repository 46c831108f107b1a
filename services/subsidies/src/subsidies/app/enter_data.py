"""Enters the data of an application, which decides it."""

from chassis.service import ServiceContext
from subsidies.app.application_data import ApplicationData
from subsidies.app.basis import basis_of
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.handlers.submit_application import SubmitApplication
from subsidies.queries.views import OutcomeView, outcome_view


async def enter_data(
    context: ServiceContext, encryption: ApplicationDataEncryption, application_id: str, data: ApplicationData
) -> OutcomeView:
    """Encrypt the data, submit the application and return its outcome; raises Refused with the field and the fix.

    The id of the command contains the fingerprint of the data: equal data return the first outcome.
    """
    basis = await basis_of(context, application_id, data)
    fingerprint = encryption.fingerprint(data)
    answer = await context.run(
        SubmitApplication(**basis.command_fields(encryption, application_id)),
        id=f"data:{application_id}:{fingerprint}",
        key=application_id,
        correlation=basis.application.report_id,
        fingerprint=fingerprint,
    )
    return outcome_view(answer.body)
