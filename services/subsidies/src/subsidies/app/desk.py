"""What the use cases of applications need."""

from dataclasses import dataclass

from chassis.service import ServiceContext
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.app.ports import Intake
from subsidies.domain.procedure import Procedure


@dataclass(frozen=True)
class Desk:
    """The service, the encryption of applications, the terms of the procedure, and intake."""

    context: ServiceContext
    encryption: ApplicationDataEncryption
    procedure: Procedure
    intake: Intake
