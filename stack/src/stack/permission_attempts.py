"""One thing that somebody tried on an engine, and what the server said."""

from dataclasses import dataclass

ALLOWED, NO_ANSWER = "allowed", "no answer"
# What a server says when the reason is who is asking. A timeout or a closed connection proves nothing.
DENIALS = frozenset(
    (
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
        "UNSUPPORTED_SASL_MECHANISM",
        "SASL_AUTHENTICATION_FAILED",
        "13 Unauthorized",
        "18 AuthenticationFailed",
    )
)


@dataclass(frozen=True)
class Attempt:
    """Who tried what, the server's answer, and whether the permissions table grants it."""

    engine: str
    user: str
    action: str
    answer: str
    granted: bool = False

    @property
    def denied(self) -> bool:
        """The server said no, and that it was for want of a right."""
        return self.answer in DENIALS

    @property
    def as_expected(self) -> bool:
        """What is granted was allowed, and all else denied."""
        return self.answer == ALLOWED if self.granted else self.denied
