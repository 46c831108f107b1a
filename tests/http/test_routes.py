"""Every route of every service says who may pass, and lets nobody else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.responses import Response
from starlette.routing import Mount
from tests.http.services import ROLES, SERVICES, furnished

from chassis.http.context import OpenGuard, RoleGuard
from webkit.guards import SessionGuard

# Whoever may ask something new has to be written here: a lock that is changed by mistake is noticed.
OPEN = {
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /openapi.json",
}


def locks_in(dependant: Dependant) -> Iterator[RoleGuard]:
    """The locks of a route, however deep."""
    for one in dependant.dependencies:
        if isinstance(one.call, RoleGuard):
            yield one.call
        yield from locks_in(one)


def routes_of(app: FastAPI) -> Iterator[RouteContext]:
    """All routes, those of included routers and mounted applications too."""
    for route in iter_route_contexts(app.routes):
        mounted = getattr(route.route, "app", None) if isinstance(route.route, Mount) else None
        if mounted is None:
            yield route
        else:
            yield from routes_of(mounted)


def unlocked(app: FastAPI) -> list[str]:
    """The routes without a lock."""
    found = []
    for route in routes_of(app):
        dependant = getattr(route, "dependant", None)
        if dependant is None or not list(locks_in(dependant)):
            found.append(route.path or "?")
    return found


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_says_who_may_pass(name: str, tmp_path: Path) -> None:
    async with furnished(name, tmp_path) as service:
        assert len(list(routes_of(service.app))) > 8
        assert unlocked(service.app) == []


def _handler() -> None:
    """A route that nobody locked."""


def _by_decorator(app: FastAPI) -> None:
    app.get("/planted")(_handler)


def _by_router(app: FastAPI) -> None:
    router = APIRouter()
    router.post("/planted")(_handler)
    app.include_router(router)


def _by_mount(app: FastAPI) -> None:
    inner = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    inner.get("/planted")(_handler)
    app.mount("/inner", inner)


def _by_starlette(app: FastAPI) -> None:
    app.add_route("/planted", lambda _: Response())


@pytest.mark.parametrize("plant", [_by_decorator, _by_router, _by_mount, _by_starlette])
async def test_a_route_that_nobody_locked_is_named(plant: Any, tmp_path: Path) -> None:
    async with furnished("routing", tmp_path) as service:
        plant(service.app)

        assert unlocked(service.app) == ["/planted"]


def context_of(app: FastAPI) -> dict[str, RoleGuard]:
    """The lock of each method and path."""
    return {
        f"{method} {route.path}": lock
        for route in routes_of(app)
        for lock in locks_in(route.dependant)
        for method in sorted(route.methods or ())
    }


async def locked_to(app: FastAPI, token: str) -> dict[str, bool]:
    """Whether each route's lock keeps out who shows this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://ascolto.example", headers=headers
    ) as client:
        for door in context_of(app):
            method, _, path = door.partition(" ")
            place = re.sub(r"\{\w+_id\}", "0190a000-0000-7000-8000-000000000001", path)
            answer = await client.request(method, place)
            # To the login, or to the next page of a public form.
            to_login = "/accesso" in answer.headers.get("location", "")
            found[door] = "www-authenticate" in answer.headers or to_login
            assert not found[door] or answer.status_code in (303, 401, 403)
    return found


@pytest.mark.parametrize("name", SERVICES)
async def test_a_route_lets_in_the_roles_that_it_names_and_no_others(name: str, tmp_path: Path) -> None:
    async with furnished(name, tmp_path) as service:
        locks = context_of(service.app)
        for token in ("", "a-strangers", *ROLES):
            for door, kept_out in (await locked_to(service.app, token)).items():
                lock = locks[door]
                # A page asks for a session and takes no token.
                outside = isinstance(lock, SessionGuard) or {"public", token}.isdisjoint(lock.roles)
                assert kept_out == outside, f"{door} and {token!r}"


@pytest.mark.parametrize("name", SERVICES)
async def test_only_the_machines_around_a_service_are_not_counted(name: str, tmp_path: Path) -> None:
    async with furnished(name, tmp_path) as service:
        uncounted = {door for door, lock in context_of(service.app).items() if isinstance(lock, OpenGuard)}

    assert uncounted == OPEN


async def test_nobody_is_told_no_more_than_that_and_somebody_which_role_is_missing(tmp_path: Path) -> None:
    async with furnished("routing", tmp_path) as service:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ascolto.example") as client:
            nobody = await client.get("/v1/cases")
            stranger = await client.get("/v1/cases", headers={"Authorization": "Bearer stranger"})
            officer = await client.get("/v1/cases", headers={"Authorization": "Bearer officer"})

    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert stranger.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert officer.json()["detail"] == "This needs the role operator or coordinator."
    assert 'error="insufficient_scope"' in officer.headers["www-authenticate"]
    for answer in (nobody, stranger, officer):
        assert answer.headers["content-type"] == "application/problem+json"
