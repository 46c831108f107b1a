"""Users and rights on Kafka, as the permissions table has them: what it does not say is taken away."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from contracts.permissions import ADMIN, kafka_rights

ITERATIONS = 8192
ANSWER_SECONDS = 30.0
_EVERYTHING = AclBindingFilter(
    ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
)


def users(admin: AdminClient) -> set[str]:
    """Everybody who has a password."""
    return set(_result(admin.describe_user_scram_credentials(None)))


def settle(admin: AdminClient, passwords: Mapping[str, str]) -> tuple[int, int]:
    """Give users these passwords, making those who are missing, and everybody exactly the rights of the table.

    Returns how many rights were added and how many taken away, when the broker knows of all of it.
    """
    everybody = users(admin) | set(passwords)
    _write_users(admin, passwords)
    wanted, there = set(_bindings(everybody - {ADMIN})), _rights(admin)
    missing, stale = wanted - there, there - wanted
    for done in (admin.create_acls(list(missing)) if missing else {}).values():
        _result(done)
    for done in (admin.delete_acls([_exactly(one) for one in stale]) if stale else {}).values():
        _result(done)
    _wait(lambda: users(admin) >= everybody and _rights(admin) == wanted)
    return len(missing), len(stale)


def _write_users(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    wanted = [UserScramCredentialUpsertion(user, info, word.encode()) for user, word in passwords.items()]
    for done in (admin.alter_user_scram_credentials(wanted) if wanted else {}).values():
        _result(done)


def _rights(admin: AdminClient) -> set[AclBinding]:
    return set(_result(admin.describe_acls(_EVERYTHING)))


def _wait(known: Callable[[], bool]) -> None:
    """The controller says yes before the broker has read it."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not known():
        if time.monotonic() > deadline:
            raise SystemExit("provision: users and rights were written and the broker does not know of them")
        time.sleep(0.02)


def _bindings(names: Iterable[str]) -> Iterator[AclBinding]:
    for user in names:
        for right in kafka_rights(user):
            yield AclBinding(
                ResourceType[right.resource],
                right.name,
                ResourcePatternType[right.pattern],
                f"User:{user}",
                "*",
                AclOperation[right.operation],
                AclPermissionType.ALLOW,
            )


def _exactly(one: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        one.restype,
        one.name,
        one.resource_pattern_type,
        one.principal,
        one.host,
        one.operation,
        one.permission_type,
    )


def _result(future: "Future[Any]") -> Any:
    return future.result(ANSWER_SECONDS)
