"""Users and ACLs on Kafka, exactly as in the permissions table: other ACLs are deleted."""

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
    """All users with a password."""
    return set(_result(admin.describe_user_scram_credentials(None)))


def apply_rights(admin: AdminClient, passwords: Mapping[str, str]) -> tuple[int, int]:
    """Set these passwords, creating missing users, and give every user exactly the ACLs of the table.

    Returns the numbers of ACLs that were created and deleted, once the broker has all of them.
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
    """Wait until the broker has read what the controller acknowledged."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not known():
        if time.monotonic() > deadline:
            raise SystemExit("provision: users and ACLs were written, but the broker has not read them")
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
