"""Sessions on every store: found by their word alone, ended for everybody, and asked about by one at a time."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from chassis.store.collections import LOGINS, SESSION_INDEXES, SESSIONS
from chassis.store.memory import MemoryStore
from chassis.store.mongo import MongoStore
from chassis.store.port import Store
from stack.system import System
from webkit.sessions import SESSION_SECONDS, Identity, Sessions

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ADA = Identity("ada-esempio", "Ada Esempio", ("operator",), "a refresh token")
NOBODY = Identity("ada-esempio", "Ada Esempio", (), "the next one")


class Watch:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(
    params=[
        "memory",
        pytest.param("motor", marks=pytest.mark.engines),
        pytest.param("pymongo", marks=pytest.mark.engines),
    ]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        made: Store = MemoryStore()
    else:
        system: System = request.getfixturevalue("engines")
        made = MongoStore(system.mongod.admin, f"sessions-{uuid.uuid4().hex[:8]}", request.param)
    await made.ensure([SESSIONS, LOGINS], SESSION_INDEXES)
    await made.ensure([SESSIONS, LOGINS], SESSION_INDEXES)  # as the next start does
    yield made
    await made.close()


def sessions_in(store: Store, clock: Watch | None = None, secret: bytes = b"one") -> Sessions:
    return Sessions(store, secret, clock or Watch())


async def test_a_session_is_what_was_begun_and_ends_for_every_replica(store: Store) -> None:
    here, there = sessions_in(store), sessions_in(store)
    word = await here.begin("state", "nonce", ADA, None)

    held = await there.find(word)
    assert held is not None
    assert (held.session.subject, held.session.roles, held.session.confirmed) == (
        ADA.subject,
        ADA.roles,
        NOW,
    )
    assert there.refresh_token(held) == ADA.refresh

    await there.end(word)
    assert await here.find(word) is None
    await there.end(word)


async def test_no_other_word_opens_it(store: Store) -> None:
    sessions = sessions_in(store)
    word = await sessions.begin("state", "nonce", ADA, None)

    for other in ("", word[:-1], word + "x", word.swapcase(), "\x00"):
        assert await sessions.find(other) is None


async def test_a_session_ends_by_the_clock(store: Store) -> None:
    clock = Watch()
    sessions = sessions_in(store, clock)
    word = await sessions.begin("state", "nonce", ADA, None)

    clock.now = NOW + timedelta(seconds=SESSION_SECONDS - 1)
    assert await sessions.find(word) is not None
    clock.now = NOW + timedelta(seconds=SESSION_SECONDS)
    assert await sessions.find(word) is None


async def test_of_one_login_that_comes_back_many_times_one_begins_a_session(store: Store) -> None:
    sessions = sessions_in(store)

    begun = await asyncio.gather(
        *(sessions.begin("state", "nonce", ADA, None) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, str) for one in begun) == 1
    assert all(isinstance(one, str) or (isinstance(one, Refused) and one.status == 403) for one in begun)
    assert await store.count(SESSIONS, {}) == 1


async def test_a_new_login_takes_the_place_of_the_one_before(store: Store) -> None:
    sessions = sessions_in(store)
    before = await sessions.find(await sessions.begin("first", "nonce", ADA, None))
    assert before is not None

    after = await sessions.find(await sessions.begin("second", "nonce", ADA, before))

    assert after is not None
    assert after.session.forms == before.session.forms
    assert await sessions.find(before.secret) is None
    bruno = Identity("bruno-finto", "Bruno Finto", ())
    other = await sessions.find(await sessions.begin("third", "nonce", bruno, after))
    assert other is not None
    assert other.session.forms != after.session.forms


async def test_one_of_many_asks_the_issuer(store: Store) -> None:
    sessions = sessions_in(store)
    held = await sessions.find(await sessions.begin("state", "nonce", ADA, None))
    assert held is not None

    claimed = [one for one in await asyncio.gather(*(sessions.claim(held) for _ in range(8))) if one]

    assert len(claimed) == 1
    told = await sessions.confirm(claimed[0], NOBODY)
    found = await sessions.find(held.secret)
    assert told is not None
    assert found is not None
    assert (found.session, found.version) == (told.session, told.version)
    assert (found.session.roles, found.session.asking) == ((), False)
    assert sessions.refresh_token(found) == NOBODY.refresh


async def test_a_session_that_was_ended_meanwhile_stays_ended(store: Store) -> None:
    sessions = sessions_in(store)
    held = await sessions.find(await sessions.begin("state", "nonce", ADA, None))
    assert held is not None
    claimed = await sessions.claim(held)
    assert claimed is not None

    await sessions.end(held.secret)

    assert await sessions.confirm(claimed, ADA) is None
    await sessions.release_claim(claimed)
    assert await sessions.claim(held) is None
    assert await sessions.find(held.secret) is None


async def test_a_refresh_token_opens_with_its_own_word_and_secret(store: Store) -> None:
    sessions = sessions_in(store)
    held = await sessions.find(await sessions.begin("first", "nonce", ADA, None))
    other = await sessions.find(await sessions.begin("second", "nonce", ADA, None))
    assert held is not None
    assert other is not None

    assert sessions_in(store, secret=b"another").refresh_token(held) == ""
    assert sessions.refresh_token(type(held)(other.secret, held.version, held.session)) == ""


@given(st.lists(st.tuples(st.sampled_from(("claim", "confirm", "release_claim", "find")), st.integers(0, 9))))
def test_nothing_that_is_done_with_what_was_read_before_opens_an_ended_session(
    steps: list[tuple[str, int]],
) -> None:
    async def story() -> None:
        store = MemoryStore()
        sessions = sessions_in(store)
        word = await sessions.begin("state", "nonce", ADA, None)
        read = [held] if (held := await sessions.find(word)) else []
        if claimed := await sessions.claim(read[0]):
            read.append(claimed)
        await sessions.end(word)
        for verb, number in steps:
            held = read[number % len(read)]
            match verb:
                case "claim":
                    assert await sessions.claim(held) is None
                case "confirm":
                    assert await sessions.confirm(held, ADA) is None
                case "release_claim":
                    await sessions.release_claim(held)
                case _:
                    assert await sessions.find(word) is None
        assert await store.query(SESSIONS, {}) == []

    asyncio.run(story())
