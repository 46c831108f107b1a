"""Intake in memory: its handlers, HTTP API and pages, without engines."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from tests.intake.desk import staff_site

from chassis.service import Plan, ServiceContext
from chassis.store.memory import MemoryStore
from chassis.testing import MemoryService
from intake.adapters.category_files import read_category_texts
from intake.adapters.mail_addresses import is_address
from intake.adapters.open311_file import read_open311
from intake.adapters.photo_processes import PhotoProcesses
from intake.adapters.seed_files import read_registers
from intake.adapters.sheets import pdf_of
from intake.app.registers import load_category_texts, load_registers
from intake.app.use_cases import use_cases
from intake.domain.categories import Categories
from intake.domain.place_tree import PlaceTree
from intake.entrypoints.api.routers import Endpoint, api_routers
from intake.entrypoints.bodies import BODIES
from intake.entrypoints.jobs import workers_in
from intake.entrypoints.pages.desk import desk_router
from intake.entrypoints.pages.field import CAMPO, field_router
from intake.entrypoints.pages.public import public_router
from intake.entrypoints.pages.session_layout import TALKS as TALKS_HOME
from intake.entrypoints.pages.talks import talks_router
from intake.handlers.documents import COLLECTIONS
from intake.handlers.reactions import REACTIONS
from webkit.agency import read_agency
from webkit.csrf import CsrfTokens
from webkit.site import Site

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = b"s" * 32
TEXTS = read_category_texts(SEED)
TOKENS = {"token-of-notify": "service", "token-of-operator": "operator", "token-of-officer": "officer"}


@pytest.fixture(scope="session")
def registers() -> tuple[Categories, PlaceTree]:
    """The categories and the places that are shipped."""
    return read_registers(SEED)


@pytest.fixture
async def service(registers: tuple[Categories, PlaceTree]) -> AsyncIterator[MemoryService]:
    """The service at noon of a day in November, with the shipped registers loaded."""

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        cases = use_cases(context, SECRET, is_address, PhotoProcesses().decode)
        return (
            *api_routers(context, cases, endpoint),
            public_router(context, cases, site, CsrfTokens(SECRET), "https://ascolto.example"),
            desk_router(context, cases, staff_site(context, SECRET)),
            talks_router(context, cases, staff_site(context, SECRET, TALKS_HOME), pdf_of),
            field_router(context, cases, staff_site(context, SECRET, CAMPO)),
        )

    agency = read_agency(SEED)
    site = Site("intake", "", agency, SECRET)
    endpoint = Endpoint.of(agency, read_open311(SEED), "https://ascolto.example", SECRET, development=True)

    async def seed(context: ServiceContext) -> None:
        await load_registers(context, *registers)
        await load_category_texts(context, TEXTS)

    plan = Plan(
        "intake",
        REACTIONS,
        COLLECTIONS,
        routers,
        seed=seed,
        workers_in=workers_in,
        error_page=site.error_page,
        bodies=BODIES,
    )
    async with MemoryService(plan, NOON, TOKENS) as made:
        yield made


@pytest.fixture
def store(service: MemoryService) -> MemoryStore:
    """The database of this test."""
    return service.store


@pytest.fixture
def context(service: MemoryService) -> ServiceContext:
    """The context of the routers."""
    return service.context


@pytest.fixture
def app(service: MemoryService) -> FastAPI:
    """The HTTP application of the service."""
    return service.app


@pytest.fixture
async def client(service: MemoryService) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client without a token; an unexpected error is a 500 response."""
    async with service.client(raises=False) as client:
        yield client
