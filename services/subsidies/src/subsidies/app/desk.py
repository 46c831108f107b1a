"""What the use cases of an officer need."""

from dataclasses import dataclass

from chassis.service import ServiceContext
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.domain.procedure import Procedure


@dataclass(frozen=True)
class Desk:
    """The service, the encryption of applications, and the terms of the procedure."""

    context: ServiceContext
    encryption: ApplicationDataEncryption
    procedure: Procedure
