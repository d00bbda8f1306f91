"""Fetching: everything once, whoever dies when; one fetcher at a time; history, rings, tokens and failures."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from content.messages import Event, Inbound
from handlers.conversation.puller import Puller
from handlers.delivery.errors import AccountBlocked, OutcomeUnknown, QuotaExhausted
from storage.errors import LeaseLost
from storage.pulls import Pulls
from tests.contract.fetching.conftest import LEASE, OpenFetcher
from tests.fakes.clock import START, ManualClock
from tests.fakes.feed import KeptMessages
from tests.fakes.stores import OpenStores

WORDS = "SELECT c.fields FROM message m JOIN content c ON c.seq = m.seq WHERE m.direction = 'in' ORDER BY m.seq"
SAID = "SELECT direction, kind FROM message ORDER BY seq"


class Killed(BaseException):
    """The process dies here."""


def _ring(token: str = "ENC", *, account: str = "wkA") -> Inbound:
    body = Event(kind="kf_msg_or_event", fields={"token": token})
    return Inbound(account="counter", sender=account, key="kf", sent_at=START, body=body)


async def _kinds(stores: OpenStores) -> list[tuple[str, str]]:
    return [(row["direction"], row["kind"]) for row in await stores.rows(SAID)]


async def test_all_pages_are_fetched_answered_and_the_place_is_kept(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    fetcher = open_fetcher()
    for words in "一二三四五":
        feed.add(words, at=START, person=f"wm{words}")
    assert await fetcher.fetch() == 1
    assert [cursor for cursor, _ in feed.asked] == [None, "2", "4"]
    assert await stores.count("work") == 5
    assert await stores.count("delivery") == 5
    assert (await stores.one("SELECT cursor, rings, heard FROM pull"))["cursor"] == "5"
    assert await fetcher.fetch() == 0


@pytest.mark.parametrize("point", ["recorded", "pulled", "cursor_kept"])
async def test_a_kill_at_any_point_neither_loses_nor_doubles(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, clock: ManualClock, point: str
) -> None:
    times = 0

    def die(now: str) -> None:
        nonlocal times
        times += now == point
        if now == point and times == 2:
            raise Killed(point)

    killed = open_fetcher(probe=die)
    for n in range(5):
        feed.add(f"话{n}", at=START)
    with pytest.raises(Killed):
        await killed.fetch()
    await killed.desk.close()
    await clock.advance(61)
    survivor = open_fetcher(holder="worker-2")
    await stores.handling.release_all(now=clock.now())
    assert await survivor.fetch() == 1
    await survivor.desk.lanes.take_over(limit=10)
    await survivor.desk.rest()
    said = [row["fields"] for row in await stores.rows(WORDS)]
    assert [words for n in range(5) for words in said if f"话{n}" in words] == said
    assert len(said) == 5
    assert (await stores.one("SELECT cursor FROM pull"))["cursor"] == "5"


async def test_two_rings_at_once_are_one_fetch_and_nothing_is_doubled(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    first, second = open_fetcher(), open_fetcher(holder="worker-2")
    feed.add("您好", at=START)
    await asyncio.gather(first.bell.receive(_ring("A")), second.bell.receive(_ring("B")))
    assert sum(await asyncio.gather(first.fetch(), second.fetch())) == 1
    assert await _kinds(stores) == [("in", "text"), ("out", "text")]


async def test_a_ring_during_a_fetch_is_not_lost(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    fetcher = open_fetcher()
    rung: list[asyncio.Task[object]] = []
    feed.meanwhile = lambda: rung.append(asyncio.ensure_future(fetcher.bell.receive(_ring())))
    await fetcher.fetch()
    await asyncio.gather(*rung)
    feed.meanwhile = lambda: None
    feed.add("您好", at=START)
    assert await fetcher.fetch() == 1
    assert await _kinds(stores) == [("in", "text"), ("out", "text")]


async def test_a_fetcher_whose_lease_ended_keeps_no_place(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, clock: ManualClock
) -> None:
    slow, quick = open_fetcher(), open_fetcher(holder="worker-2")
    now = clock.now()
    (pull,) = await slow.pulls.claim([1], holder="worker-1", now=now, until=now + LEASE, pulled_before=now)
    assert await quick.fetch() == 0
    await clock.advance(61)
    feed.add("您好", at=START)
    assert await quick.fetch() == 1
    with pytest.raises(LeaseLost):
        await slow.pulls.advance(pull, cursor="0", until=clock.now())
    assert (await stores.one("SELECT cursor FROM pull"))["cursor"] == "1"


async def test_an_empty_page_with_more_behind_it_is_not_the_end(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    feed.add("您好", at=START)
    feed.empty = 3
    await open_fetcher().fetch()
    assert await stores.count("work") == 1


async def test_what_was_said_before_the_account_was_served_is_history(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    feed.add("昨天的话", at=START - timedelta(days=1))
    feed.add("现在的话", at=START)
    await open_fetcher().fetch()
    assert await _kinds(stores) == [("in", "text"), ("in", "text"), ("out", "text")]
    assert await stores.count("work") == 1


async def test_the_settings_can_say_since_when_customers_are_answered(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    feed.add("昨天的话", at=START - timedelta(days=1))
    await open_fetcher(since=START - timedelta(days=2)).fetch()
    assert await stores.count("work") == 1
    until = (await stores.one("SELECT quota_until FROM reach"))["quota_until"]
    assert until == int((START + timedelta(days=1)).timestamp() * 1_000_000)


async def test_the_rings_token_is_used_while_it_counts(
    open_fetcher: OpenFetcher, feed: KeptMessages, clock: ManualClock
) -> None:
    fetcher = open_fetcher()
    await fetcher.fetch()
    await fetcher.bell.receive(_ring("fresh"))
    await fetcher.fetch()
    await fetcher.bell.receive(_ring("refused"))
    feed.expired.add("refused")
    await fetcher.fetch()
    await fetcher.bell.receive(_ring("old"))
    await clock.advance(600)
    await fetcher.fetch()
    assert [token for _, token in feed.asked] == [None, "fresh", "refused", None, None]


async def test_without_a_ring_an_account_is_fetched_once_in_a_while(
    open_fetcher: OpenFetcher, clock: ManualClock
) -> None:
    fetcher = open_fetcher()
    assert [await fetcher.fetch(), await fetcher.fetch()] == [1, 0]
    await clock.advance(299)
    assert await fetcher.fetch() == 0
    await clock.advance(1)
    assert await fetcher.fetch() == 1


async def test_failures_are_tried_again_later_each_time_and_the_place_stays(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, clock: ManualClock
) -> None:
    fetcher = open_fetcher()
    for n in range(3):
        feed.add(f"话{n}", at=START)
    feed.errors = [None, OutcomeUnknown("no answer"), OutcomeUnknown("no answer")]
    assert await fetcher.fetch() == 1
    assert (await stores.one("SELECT cursor FROM pull"))["cursor"] == "2"
    assert await fetcher.fetch() == 0
    await clock.advance(2)
    assert await fetcher.fetch() == 1
    await clock.advance(2)
    assert await fetcher.fetch() == 0
    await clock.advance(2)
    assert await fetcher.fetch() == 1
    assert await stores.count("work") == 3


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(AccountBlocked("95012"), 120), (QuotaExhausted("45009", until=START + timedelta(seconds=45)), 45)],
)
async def test_a_refusal_of_the_account_is_waited_out(
    open_fetcher: OpenFetcher, feed: KeptMessages, clock: ManualClock, error: Exception, seconds: int
) -> None:
    fetcher = open_fetcher()
    feed.errors = [error]
    await fetcher.fetch()
    await clock.advance(seconds - 1)
    assert await fetcher.fetch() == 0
    await clock.advance(1)
    assert await fetcher.fetch() == 1


async def test_a_ring_for_an_account_that_is_not_served_is_acknowledged_and_moves_nothing(
    open_fetcher: OpenFetcher, stores: OpenStores
) -> None:
    fetcher = open_fetcher()
    answered = await fetcher.bell.receive(_ring(account="wkOther"))
    assert (answered.reply, answered.time_out) == (None, False)
    assert (await stores.one("SELECT rings FROM pull"))["rings"] == 0


async def test_a_ring_is_durable_before_it_is_acknowledged(open_fetcher: OpenFetcher, stores: OpenStores) -> None:
    points: list[str] = []
    fetcher = open_fetcher(probe=points.append)
    await fetcher.bell.receive(_ring())
    assert points == ["rung"]
    assert (await stores.one("SELECT rings, heard, token FROM pull")) == {"rings": 1, "heard": 0, "token": "ENC"}


async def test_a_place_is_made_once(stores: OpenStores, open_fetcher: OpenFetcher, clock: ManualClock) -> None:
    fetcher = open_fetcher()
    await clock.advance(100)
    await Pulls(stores.database).bring_in([fetcher.account_id], now=clock.now())
    assert (await stores.one("SELECT began_at FROM pull"))["began_at"] == int(START.timestamp() * 1_000_000)


async def test_it_runs_until_it_is_told_to_stop(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    fetcher = open_fetcher()
    puller: Puller = fetcher.puller
    stopping = asyncio.Event()
    running = asyncio.create_task(puller.run(stopping))
    await fetcher.desk.rest()
    feed.add("您好", at=START)
    await fetcher.bell.receive(_ring())
    fetched = asyncio.Event()
    feed.meanwhile = fetched.set
    await fetched.wait()
    stopping.set()
    await running
    assert await stores.count("work") == 1
    assert (await stores.one("SELECT holder FROM pull"))["holder"] is None
