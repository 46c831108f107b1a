"""PIN attempts: the limits for each caller, and access for the owner during an attack."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused, Unavailable
from chassis.store.memory import MemoryStore
from chassis.store.mongo import MongoStore
from chassis.store.port import Store
from intake.app.attempts import BLOCK, CODE, DEVICE, GUESSES, NETWORK, SITE, Attempts, Caller
from intake.app.tracking_codes import TrackingCodes
from stack.system import System

CODES = TrackingCodes(b"s" * 32)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OWNER = "ABCDE-FGHJK"


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.engines)])
async def replicas(request: pytest.FixtureRequest) -> AsyncIterator[Sequence[Attempts]]:
    """The attempts of two replicas on one database."""
    if request.param == "memory":
        shared = MemoryStore()
        stores: list[Store] = [shared, shared]
    else:
        system: System = request.getfixturevalue("engines")
        name = f"guesses-{uuid.uuid4().hex[:8]}"
        stores = [MongoStore(system.mongod.admin, name) for _ in range(2)]
    await stores[0].ensure([GUESSES.collection], [GUESSES])
    yield [Attempts(store, CODES) for store in stores]
    for store in stores:
        await store.close()


async def compared(attempts: Attempts, caller: Caller, code: str = OWNER, now: datetime = NOON) -> bool:
    """Whether a wrong PIN of this caller would be compared."""
    try:
        await attempts.charge(code, caller, now)
    except Refused as refusal:
        return refusal.slug != "too-many-attempts"
    return True


async def right(attempts: Attempts, caller: Caller, now: datetime = NOON) -> bool:
    """Whether the correct PIN of this caller is accepted."""
    try:
        charged = await attempts.charge(OWNER, caller, now)
    except Refused:
        return False
    await attempts.refund(charged)
    return True


async def test_of_300_concurrent_attempts_at_two_replicas_the_limit_is_compared(
    replicas: Sequence[Attempts],
) -> None:
    one = [compared(replicas[n % 2], Caller("192.0.2.1")) for n in range(300)]
    many = [compared(replicas[n % 2], Caller(f"198.51.{n}.1"), "00000-00000") for n in range(250)]

    assert sum(await asyncio.gather(*one)) == 5
    assert sum(await asyncio.gather(*many)) == CODE.most + BLOCK.most


async def test_the_owner_gets_in_during_the_attack(replicas: Sequence[Attempts]) -> None:
    guesses = [compared(replicas[n % 2], Caller(f"198.51.100.{n % 50}")) for n in range(150)]
    owner = Caller("198.51.100.1", device="a device that proved itself")

    *strangers, got_in = await asyncio.gather(*guesses, right(replicas[0], owner))

    assert CODE.most < sum(strangers) <= CODE.most + BLOCK.most
    assert got_in
    for fresh in ("203.0.113.9", "2001:db8:9::/64", "a client without an address"):
        assert await right(replicas[0], Caller(fresh)), "from a network that the attacker does not have"


async def test_ten_wrong_pins_delay_the_right_one_by_minutes() -> None:
    attempts, caller = Attempts(MemoryStore(), CODES), Caller("192.0.2.1")

    wrong = [await compared(attempts, caller) for _ in range(10)]

    assert wrong == [True] * 5 + [False] * 5
    assert not await right(attempts, caller)
    assert await right(attempts, caller, NOON + timedelta(minutes=3))


@pytest.mark.parametrize(
    ("attackers", "owner", "gets_in"),
    [
        ([f"198.51.100.{n}" for n in range(250)], "198.51.101.1", False),
        ([f"198.51.100.{n}" for n in range(15)], "198.51.101.1", True),
        ([f"2001:db8:{n:x}::/64" for n in range(250)], "2001:db8:fff::/64", False),
        ([f"2001:db8:0:{n:x}::/64" for n in range(250)], "2001:db8:1::/64", True),
        ([f"2001:db8:0:{n:x}::/64" for n in range(250)], "2001:db8:0:fff::/64", False),
        ([f"{n}.51.100.1" for n in range(1, 250)], "198.52.100.1", True),
    ],
)
async def test_who_keeps_the_owner_out_has_the_owners_site_or_twenty_of_its_provider(
    attackers: list[str], owner: str, gets_in: bool
) -> None:
    attempts = Attempts(MemoryStore(), CODES)
    for number in range(CODE.most):
        await compared(attempts, Caller(f"203.0.{number}.1"))
    for _ in range(SITE.most):
        for attacker in attackers:
            await compared(attempts, Caller(attacker))

    assert await right(attempts, Caller(owner)) == gets_in


async def test_correct_pins_are_not_counted(replicas: Sequence[Attempts]) -> None:
    callers = [Caller("192.0.2.1"), Caller("192.0.2.1", device="known")]

    answers = [await right(replicas[n % 2], callers[n % 4 // 2]) for n in range(120)]
    wrong = [await compared(replicas[0], callers[0]) for _ in range(6)]

    assert all(answers)
    assert wrong == [True] * 5 + [False]


async def test_concurrent_correct_pins_allow_no_more_wrong_ones(
    replicas: Sequence[Attempts],
) -> None:
    caller = Caller("192.0.2.1")
    for _ in range(3):
        rights = [right(replicas[n % 2], caller) for n in range(20)]
        wrongs = [compared(replicas[n % 2], caller) for n in range(2)]
        *_, one, two = await asyncio.gather(*rights, *wrongs)
        guesses = [await compared(replicas[0], caller) for _ in range(6)]
        assert sum([one, two, *guesses]) <= 5
        caller = Caller(f"{caller.network}0")


async def test_many_concurrent_correct_pins_are_all_refunded(replicas: Sequence[Attempts]) -> None:
    caller = Caller("192.0.2.1")

    for _ in range(6):
        await asyncio.gather(*(right(replicas[n % 2], caller) for n in range(20)))

    assert await right(replicas[0], caller)


async def test_a_refused_attempt_is_not_counted() -> None:
    attempts = Attempts(MemoryStore(), CODES)
    for number in range(CODE.most + BLOCK.most):
        assert await compared(attempts, Caller(f"192.0.{number}.1"))

    moments = [NOON + timedelta(minutes=3 * moment) for moment in range(20)]
    refused = [await compared(attempts, Caller("192.0.213.9"), now=now) for now in moments * 2]
    later = await compared(attempts, Caller("192.0.213.9"), now=NOON + CODE.window)

    assert not any(refused)
    assert later


async def test_one_network_cannot_try_one_pin_on_any_number_of_codes() -> None:
    attempts = Attempts(MemoryStore(), CODES)

    answers = [await compared(attempts, Caller("192.0.2.1"), f"AAAAA-{n:05}") for n in range(200)]

    assert sum(answers) == NETWORK.most
    assert await compared(attempts, Caller("192.0.2.2"), "AAAAA-00000")


@pytest.mark.slow
@pytest.mark.parametrize(("blocks", "years"), [(1, 13), (3, 6)])
async def test_an_attacker_with_any_number_of_addresses_needs_years_for_all_pins(
    blocks: int, years: int
) -> None:
    store = MemoryStore()
    attempts, guesses, now = Attempts(store, CODES), 0, NOON
    days = 2  # every day is like the first
    while now < NOON + timedelta(days=days):
        for block in range(blocks):
            while await compared(attempts, Caller(f"2001:{block:x}:{guesses:x}::/64"), now=now):
                guesses += 1
        now += timedelta(hours=6)
        if now.hour == 0:  # what MongoDB's TTL monitor removes
            await store.drop(GUESSES.collection)

    a_day = 4 * CODE.most + blocks * BLOCK.most
    assert guesses <= (days + 1) * a_day
    assert 1_000_000 / (a_day * 365) > years


async def test_a_stolen_device_needs_a_century_for_all_pins() -> None:
    store = MemoryStore()
    attempts, guesses = Attempts(store, CODES), 0
    thief = Caller("192.0.2.1", device="stolen")
    for minutes in range(0, 7 * 1440, 5):
        while await compared(attempts, thief, now=NOON + timedelta(minutes=minutes)):
            guesses += 1

    assert guesses <= DEVICE[1].most * 8
    assert 1_000_000 / (DEVICE[1].most * 365) > 100


Step = tuple[int, bool, int]
STEPS = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 400)), max_size=120)


@given(STEPS)
def test_no_window_has_more_wrong_pins_than_its_budget(steps: list[Step]) -> None:
    async def play() -> None:
        attempts, now = Attempts(MemoryStore(), CODES), NOON
        by_code: Counter[int] = Counter()
        by_site: Counter[tuple[str, int]] = Counter()
        by_network: Counter[tuple[str, int]] = Counter()
        for who, is_right, minutes in steps:
            now += timedelta(minutes=minutes if minutes > 380 else 0)
            caller = Caller(f"192.0.2.{who}", device="known" if who == 0 else None)
            if is_right:
                assert await right(attempts, caller, now) or who != 0
            elif who != 0 and await compared(attempts, caller, now=now):
                since = now - datetime(1970, 1, 1, tzinfo=UTC)
                if by_code[since // CODE.window] < CODE.most:
                    by_code[since // CODE.window] += 1
                else:
                    by_site[caller.network, since // SITE.window] += 1
                by_network[caller.network, since // timedelta(minutes=3)] += 1
        assert max(by_site.values(), default=0) <= SITE.most
        assert max(by_network.values(), default=0) <= 5

    asyncio.run(play())


async def test_neither_codes_nor_addresses_are_stored() -> None:
    store = MemoryStore()
    await compared(Attempts(store, CODES), Caller("192.0.2.77"))

    rows = await store.query(GUESSES.collection, {})
    assert len(rows) == 4
    assert all(row["until"] > NOON for row in rows)
    assert "192.0.2" not in str(rows)
    assert "ABCDE" not in str(rows)


class _Down(MemoryStore):
    """A read-only database."""

    async def claim(self, *_: object) -> tuple[None, dict[str, object]]:
        raise Unavailable("database: AutoReconnect")


async def test_an_attempt_that_cannot_be_counted_is_not_compared() -> None:
    with pytest.raises(Unavailable):
        await Attempts(_Down(), CODES).charge(OWNER, Caller("192.0.2.1"), NOON)
