"""The sending loop over several accounts: one that hangs or is refused as a whole holds back nobody else's messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from handlers.delivery.errors import AccountBlocked, QuotaExhausted, RetryLater
from handlers.delivery.ports import Receipt
from handlers.delivery.sender import Sender
from storage.records import AccountRow
from tests.fakes.channel import Call, ScriptedChannel
from tests.fakes.clock import START, ManualClock
from tests.fakes.sending import claim, official, owe, send_due, sender_of
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import Visitors

HOUR = timedelta(hours=1)


@pytest.fixture
async def stores(sqlite_url: str, tmp_path: Path) -> AsyncIterator[OpenStores]:
    """Return the repositories on a file."""
    opened = open_stores(sqlite_url, home=tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def accounts(stores: OpenStores) -> list[AccountRow]:
    """Return two official accounts."""
    rows = await stores.accounts.bring_in([("one", "wechat", "wx-1", "一号"), ("two", "wechat", "wx-2", "二号")])
    return [rows["one"], rows["two"]]


@pytest.fixture
def visitors(stores: OpenStores, accounts: list[AccountRow], clock: ManualClock) -> list[Visitors]:
    """Return the people of each account."""
    return [Visitors(stores.log, account, clock) for account in accounts]


@pytest.fixture
def channels() -> list[ScriptedChannel]:
    """Return the channel of each account."""
    return [ScriptedChannel(), ScriptedChannel()]


@pytest.fixture
def build(
    stores: OpenStores, accounts: list[AccountRow], channels: list[ScriptedChannel], clock: ManualClock
) -> Callable[..., Sender]:
    """Return a maker of sending loops of both accounts."""
    outlets = {account.id: official(channel) for account, channel in zip(accounts, channels, strict=True)}

    def make(*, claim_size: int = 20, max_attempts: int = 6) -> Sender:
        return sender_of(stores, clock, outlets, claim_size=claim_size, max_attempts=max_attempts)

    return make


@asynccontextmanager
async def running(sender: Sender) -> AsyncIterator[asyncio.Event]:
    """Let the loop run for the time of the block, then let it finish."""
    stopping = asyncio.Event()
    loop = asyncio.create_task(sender.run(stopping))
    try:
        async with asyncio.timeout(20):
            yield stopping
            stopping.set()
            await loop
    finally:
        loop.cancel()


async def until(stores: OpenStores, condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when `condition` holds; each look at the database lets the loop go on."""
    async with asyncio.timeout(20):
        while not await condition():
            await stores.count("delivery")


async def states_of(stores: OpenStores, account: AccountRow) -> list[str]:
    rows = await stores.rows("SELECT state FROM delivery WHERE account_id = :a ORDER BY id", a=account.id)
    return [row["state"] for row in rows]


def hanging(gate: asyncio.Event) -> Callable[[Call], Awaitable[Receipt]]:
    async def hang(_call: Call) -> Receipt:
        await gate.wait()
        return Receipt()

    return hang


async def test_an_account_that_hangs_does_not_hold_up_another(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    gate = asyncio.Event()
    channels[0].will(*(hanging(gate) for _ in range(30)))
    for n in range(30):
        await owe(stores, visitors[0], f"p{n}", "挂起", now=clock.now())
    sender = build(claim_size=4)
    async with running(sender):

        async def hangs() -> bool:
            return len(channels[0].calls) == 4

        await until(stores, hangs)
        for n in range(12):
            await owe(stores, visitors[1], f"p{n}", "一", "二", now=clock.now())
        sender.wake()

        async def all_sent() -> bool:
            return await states_of(stores, accounts[1]) == ["sent"] * 24

        await until(stores, all_sent)
        under_way = await states_of(stores, accounts[0])
        gate.set()

        async def rest_sent() -> bool:
            return await states_of(stores, accounts[0]) == ["sent"] * 30

        await until(stores, rest_sent)

    assert (under_way.count("attempting"), under_way.count("due")) == (4, 26)


async def test_a_row_is_settled_as_it_ends_while_another_of_its_claim_hangs(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    gate = asyncio.Event()
    channels[0].will(hanging(gate))
    await owe(stores, visitors[0], "slow", "慢", now=clock.now())
    await clock.advance(1)
    for n in range(5):
        await owe(stores, visitors[0], f"p{n}", "一", "二", now=clock.now())
    async with running(build()):

        async def others_sent() -> bool:
            return await states_of(stores, accounts[0]) == ["attempting"] + ["sent"] * 10

        await until(stores, others_sent)
        gate.set()
    assert await states_of(stores, accounts[0]) == ["sent"] * 11


async def test_a_row_whose_platform_is_slower_than_the_lease_stays_with_its_process(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    gate = asyncio.Event()
    channels[0].will(hanging(gate))
    await owe(stores, visitors[0], "slow", "慢", now=clock.now())
    sender = build()
    async with running(sender):

        async def hangs() -> bool:
            return len(channels[0].calls) == 1

        await until(stores, hangs)
        for _ in range(4):
            await clock.advance(15)
            due = clock.now()

            async def renewed(due: datetime = due) -> bool:
                sender.wake()
                [row] = await stores.rows("SELECT lease_until FROM delivery WHERE lease_until > :now", now=_micros(due))
                return bool(row["lease_until"] >= _micros(due + timedelta(seconds=20)))

            await until(stores, renewed)
            assert await claim(stores, clock, holder="worker-2") == []
        gate.set()
    assert (await states_of(stores, accounts[0]), len(channels[0].calls)) == (["sent"], 1)


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("error", "seconds", "reason"),
    [
        (QuotaExhausted("daily", code=45009, until=START + HOUR), 3600, "quota_exhausted"),
        (AccountBlocked("not in the list", code=40164), 300, "misconfigured"),
    ],
    ids=["quota", "blocked"],
)
async def test_an_account_that_is_refused_as_a_whole_is_left_alone_and_its_messages_wait(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
    error: Exception,
    seconds: int,
    reason: str,
) -> None:
    sender = build(claim_size=1, max_attempts=2)
    channels[0].will(error, error)
    for n in range(3):
        await owe(stores, visitors[0], f"p{n}", "等", now=clock.now())
    await send_due(sender)
    await owe(stores, visitors[1], "bob", "不等", now=clock.now())
    for _ in range(3):
        await clock.advance(seconds / 4)
        await send_due(sender)
    waiting = await stores.rows(
        "SELECT state, reason FROM delivery WHERE account_id = :a ORDER BY id", a=accounts[0].id
    )

    assert len(channels[0].calls) == 1
    assert await states_of(stores, accounts[1]) == ["sent"]
    assert [(row["state"], row["reason"]) for row in waiting] == [("retry", reason), ("due", None), ("due", None)]


async def test_however_long_an_account_is_blocked_no_message_of_it_is_given_up(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    sender = build(max_attempts=2)
    channels[0].will(*(AccountBlocked("not in the list", code=40164) for _ in range(8)), RetryLater("busy", code=-1))
    await owe(stores, visitors[0], "alice", "等", now=clock.now())
    for _ in range(9):
        await send_due(sender)
        await clock.advance(301)
    states = await states_of(stores, accounts[0])
    await send_due(sender)

    assert (states, await states_of(stores, accounts[0])) == (["retry"], ["sent"])
    assert await stores.one("SELECT quota_left FROM reach") == {"quota_left": 4}


async def test_after_a_pause_one_message_goes_ahead_and_the_others_follow_when_it_was_served(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    sender = build()
    blocked = AccountBlocked("not in the list", code=40164)
    channels[0].will(blocked, blocked)
    await owe(stores, visitors[0], "p0", "一", now=clock.now())
    await send_due(sender)
    for n in range(1, 9):
        await owe(stores, visitors[0], f"p{n}", "等", now=clock.now())
    calls = []
    for seconds in (301, 301, 0):
        await clock.advance(seconds)
        await send_due(sender)
        calls.append(len(channels[0].calls))

    assert calls == [2, 3, 11]
    assert await states_of(stores, accounts[0]) == ["sent"] * 9


async def test_what_was_claimed_before_the_account_was_refused_waits_without_an_attempt(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    sender = build()
    channels[0].will(*(AccountBlocked("not in the list", code=40164) for _ in range(20)))
    for n in range(20):
        await owe(stores, visitors[0], f"p{n}", "等", now=clock.now())
    await send_due(sender)
    rows = await stores.rows("SELECT state, due_at FROM delivery")

    assert {(row["state"], row["due_at"]) for row in rows} == {("retry", _micros(START + timedelta(minutes=5)))}


async def test_a_result_that_the_database_does_not_take_is_kept_and_written_when_it_is_back(
    stores: OpenStores,
    accounts: list[AccountRow],
    visitors: list[Visitors],
    channels: list[ScriptedChannel],
    build: Callable[..., Sender],
    clock: ManualClock,
) -> None:
    async def accept_while_the_database_goes_away(_call: Call) -> Receipt:
        await stores.change("ALTER TABLE delivery_attempt RENAME TO away")
        return Receipt(platform_id="p1")

    channels[0].will(accept_while_the_database_goes_away)
    await owe(stores, visitors[0], "alice", "答", now=clock.now())
    sender = build()
    await send_due(sender)
    before = await states_of(stores, accounts[0])
    await stores.change("ALTER TABLE away RENAME TO delivery_attempt")
    async with running(sender):

        async def written() -> bool:
            return await states_of(stores, accounts[0]) == ["sent"]

        await until(stores, written)

    assert before == ["attempting"]
    assert await stores.one("SELECT platform_id FROM delivery") == {"platform_id": "p1"}
