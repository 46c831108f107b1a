"""The login of a connection in FastStream's words."""

from faststream.security import BaseSecurity, SASLScram512

from contracts.connection import Connection


def security(connection: Connection) -> BaseSecurity:
    """What FastStream's broker is told of user, password and trusted certificate."""
    if connection.user:
        return SASLScram512(connection.user, connection.password, connection.tls())
    return BaseSecurity(connection.tls())
