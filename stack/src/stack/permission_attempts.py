"""One attempt of a user on an engine, and the server's answer."""

from dataclasses import dataclass

ALLOWED, NO_ANSWER = "allowed", "no answer"
# The answers that deny for lack of a right. A timeout or a closed connection proves nothing.
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
    """One action of a user on an engine, the server's answer, and whether the permissions table grants it."""

    engine: str
    user: str
    action: str
    answer: str
    granted: bool = False

    @property
    def denied(self) -> bool:
        """Whether the server denied the action for lack of a right."""
        return self.answer in DENIALS

    @property
    def as_expected(self) -> bool:
        """Whether a granted action was allowed, or another one denied."""
        return self.answer == ALLOWED if self.granted else self.denied
