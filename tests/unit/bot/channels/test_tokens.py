"""The token keeper: one refresh at a time, compare-and-swap on what failed, nothing newer overwritten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from bot.channels.tokens import FreshToken, TokenKeeper, fresh_token, token_key
from handlers.delivery.errors import (
    AccountBlocked,
    Misconfigured,
    OutcomeUnknown,
    QuotaExhausted,
    RetryLater,
    TokenRefused,
    WindowClosed,
)
from tests.fakes.clock import START, ManualClock
from tests.unit.bot.channels.token_shelf import TokenEndpoint, TokenShelf

T = TypeVar("T")
KEY = token_key("wx1", "secret")


def _keeper(clock: ManualClock, shelf: TokenShelf, endpoint: TokenEndpoint, *, jitter: float = 0.0) -> TokenKeeper:
    return TokenKeeper(key=KEY, store=shelf, fetch=endpoint.fetch, clock=clock, jitter=lambda: jitter)


def _platform(*good: str) -> Callable[[str], Any]:
    """Return a call that accepts the tokens in `good` and records what it was called with."""
    seen: list[str] = []

    async def request(token: str) -> list[str]:
        seen.append(token)
        if token not in good:
            raise TokenRefused("refused", code=40001)
        return seen

    return request


async def _advancing(clock: ManualClock, work: asyncio.Future[T], seconds: float) -> T:
    await clock.advance(0)
    await clock.advance(seconds)
    return await work


def test_a_key_holds_the_realm_and_nothing_of_the_secret() -> None:
    assert KEY.startswith("wx1:")
    assert "secret" not in KEY
    assert token_key("wx1", "other") != KEY != token_key("wx2", "secret")


async def test_the_first_call_fetches_and_stores_a_token_and_the_next_uses_it() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    keeper = _keeper(clock, shelf, endpoint)
    assert [await keeper.current(), await keeper.current()] == ["t1", "t1"]
    assert (endpoint.calls, shelf.tokens[KEY].expires_at) == (1, START + timedelta(seconds=7200))


async def test_a_stored_token_of_another_process_is_used() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    shelf.put(KEY, "stored", START + timedelta(hours=1))
    assert await _keeper(clock, shelf, endpoint).current() == "stored"
    assert endpoint.calls == 0


async def test_many_tasks_of_two_processes_fetch_once() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    keepers = [_keeper(clock, shelf, endpoint) for _ in range(2)]
    tasks = [asyncio.ensure_future(keeper.current()) for keeper in keepers for _ in range(20)]
    await clock.advance(1)
    assert set(await asyncio.gather(*tasks)) == {"t1"}
    assert endpoint.calls == 1


@pytest.mark.parametrize(
    ("jitter", "seconds", "expected"), [(0.0, 6899, "old"), (0.0, 6900, "t1"), (0.99, 6950, "old")]
)
async def test_a_token_is_replaced_five_minutes_before_its_end_less_the_jitter(
    jitter: float, seconds: int, expected: str
) -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    shelf.put(KEY, "old", START + timedelta(seconds=7200))
    keeper = _keeper(clock, shelf, endpoint, jitter=jitter)
    await clock.advance(seconds)
    assert await keeper.current() == expected


async def test_while_another_refreshes_early_the_old_token_is_used() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    shelf.put(KEY, "old", START + timedelta(seconds=200))
    shelf.leases[KEY] = ("somebody", START + timedelta(seconds=20))
    assert await _keeper(clock, shelf, endpoint).current() == "old"
    assert endpoint.calls == 0


async def test_a_failed_early_refresh_costs_nothing_and_is_not_repeated_at_once() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(Misconfigured("no", code=40164), "new")
    shelf.put(KEY, "old", START + timedelta(seconds=200))
    keeper = _keeper(clock, shelf, endpoint)
    assert [await keeper.current(), await keeper.current()] == ["old", "old"]
    assert endpoint.calls == 1
    await clock.advance(61)
    assert await keeper.current() == "new"


async def test_without_a_good_token_anothers_refresh_is_waited_for() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    await shelf.begin_refresh(KEY, holder="other", failed=None, now=START, lease=timedelta(seconds=20))
    waiting = asyncio.ensure_future(_keeper(clock, shelf, endpoint).current())
    await clock.advance(1)
    assert not waiting.done()
    await shelf.finish_refresh(KEY, holder="other", value="theirs", expires_at=START + timedelta(hours=2), now=START)
    assert await _advancing(clock, waiting, 1) == "theirs"
    assert endpoint.calls == 0


async def test_a_holder_that_was_killed_blocks_for_its_lease_only() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    await shelf.begin_refresh(KEY, holder="killed", failed=None, now=START, lease=timedelta(seconds=20))
    waiting = asyncio.ensure_future(_keeper(clock, shelf, endpoint).current())
    await clock.advance(19)
    assert not waiting.done()
    assert await _advancing(clock, waiting, 2) == "t1"


async def test_an_answer_that_comes_after_its_lease_overwrites_nothing() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    gate = asyncio.Event()

    async def slow() -> FreshToken:
        await gate.wait()
        return FreshToken(value="late", expires_in_seconds=7200)

    late = TokenKeeper(key=KEY, store=shelf, fetch=slow, clock=clock)
    waiting = asyncio.ensure_future(late.current())
    await clock.advance(0)
    await clock.advance(21)
    assert await _keeper(clock, shelf, TokenEndpoint("newer")).current() == "newer"
    gate.set()
    assert await waiting == "newer"
    assert shelf.tokens[KEY].value == "newer"


async def test_a_refused_token_that_was_replaced_meanwhile_is_swapped_without_a_refresh() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint("first")
    keeper = _keeper(clock, shelf, endpoint)
    await keeper.current()
    shelf.put(KEY, "theirs", START + timedelta(hours=2))
    assert await keeper.call(_platform("theirs")) == ["first", "theirs"]
    assert endpoint.calls == 1


async def test_a_refused_token_that_is_still_stored_is_refreshed_once() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint("first", "second")
    assert await _keeper(clock, shelf, endpoint).call(_platform("second")) == ["first", "second"]
    assert endpoint.calls == 2


async def test_a_swapped_token_that_is_refused_too_is_refreshed() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint("first", "third")
    keeper = _keeper(clock, shelf, endpoint)
    await keeper.current()
    shelf.put(KEY, "second", START + timedelta(hours=2))
    assert await keeper.call(_platform("third")) == ["first", "second", "third"]


async def test_a_fresh_token_that_is_refused_is_a_misconfiguration() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    with pytest.raises(AccountBlocked, match="fresh access token") as caught:
        await _keeper(clock, shelf, endpoint).call(_platform())
    assert (caught.value.code, endpoint.calls) == (40001, 2)


async def test_many_refused_calls_of_two_processes_refresh_once() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint("first", "second", "third")
    keepers = [_keeper(clock, shelf, endpoint) for _ in range(2)]
    for keeper in keepers:
        await keeper.current()
    gate = asyncio.Event()

    async def request(token: str) -> str:
        await gate.wait()
        if token != "second":
            raise TokenRefused("refused", code=42001)
        return token

    tasks = [asyncio.ensure_future(keeper.call(request)) for keeper in keepers for _ in range(10)]
    await clock.advance(0)
    gate.set()
    await clock.advance(0)
    await clock.advance(1)
    assert await asyncio.gather(*tasks) == ["second"] * 20
    assert endpoint.calls == 2


async def test_other_errors_of_a_call_pass_through() -> None:
    async def request(_token: str) -> None:
        raise WindowClosed("closed", code=45015)

    with pytest.raises(WindowClosed):
        await _keeper(ManualClock(), TokenShelf(), TokenEndpoint()).call(request)


async def test_a_busy_or_silent_token_endpoint_is_asked_three_times() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(RetryLater("busy", code=-1), OutcomeUnknown("silent"), "third")
    waiting = asyncio.ensure_future(_keeper(clock, shelf, endpoint).current())
    assert await _advancing(clock, waiting, 10) == "third"


async def test_after_three_attempts_the_error_is_passed_on_and_the_lease_given_back() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(*(RetryLater("busy", code=-1) for _ in range(3)))
    waiting = asyncio.ensure_future(_keeper(clock, shelf, endpoint).current())
    with pytest.raises(RetryLater, match="busy"):
        await _advancing(clock, waiting, 10)
    assert (endpoint.calls, shelf.leases) == (3, {})


async def test_a_silent_token_endpoint_does_not_make_the_outcome_of_a_message_unknown() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(*(OutcomeUnknown("silent") for _ in range(3)))
    seen: list[str] = []

    async def request(token: str) -> None:
        seen.append(token)

    waiting = asyncio.ensure_future(_keeper(clock, shelf, endpoint).call(request))
    with pytest.raises(RetryLater, match="nothing was sent"):
        await _advancing(clock, waiting, 10)
    assert seen == []


async def test_a_silent_token_endpoint_after_a_refused_token_does_not_make_the_outcome_unknown() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint("old", *(OutcomeUnknown("silent") for _ in range(3)))
    waiting = asyncio.ensure_future(_keeper(clock, shelf, endpoint).call(_platform("new")))
    with pytest.raises(RetryLater, match="nothing was sent"):
        await _advancing(clock, waiting, 10)


@pytest.mark.parametrize("method", ["read", "begin_refresh", "finish_refresh"])
async def test_a_database_that_is_away_means_try_again_later(method: str) -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()
    shelf.away.add(method)
    keeper = _keeper(clock, shelf, endpoint)
    with pytest.raises(RetryLater, match="nothing was sent"):
        await keeper.call(_platform("t1"))


async def test_a_database_that_is_away_after_a_refused_token_means_try_again_later() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint()

    async def request(_token: str) -> None:
        shelf.away.add("read")
        raise TokenRefused("refused", code=40001)

    with pytest.raises(RetryLater, match="nothing was sent"):
        await _keeper(clock, shelf, endpoint).call(request)


async def test_a_database_that_is_away_does_not_take_a_good_token_away() -> None:
    clock, shelf, endpoint = ManualClock(), TokenShelf(), TokenEndpoint("new")
    shelf.put(KEY, "old", START + timedelta(seconds=200))
    shelf.away.add("begin_refresh")
    assert await _keeper(clock, shelf, endpoint).current() == "old"


async def test_who_waited_for_a_token_that_could_not_be_had_does_not_ask_in_turn() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(*(RetryLater("busy", code=-1) for _ in range(3)))
    keeper = _keeper(clock, shelf, endpoint)
    waiting = [asyncio.ensure_future(keeper.current()) for _ in range(20)]
    for _ in range(20):
        await clock.advance(0.1)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {RetryLater}
    assert endpoint.calls == 3


async def test_a_token_endpoint_whose_quota_is_used_up_is_left_alone_until_it_opens() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(QuotaExhausted("banned", code=45009, until=START + timedelta(hours=1)), "good")
    keeper = _keeper(clock, shelf, endpoint)
    for seconds in (0, 60, 3539):
        await clock.advance(seconds)
        with pytest.raises(QuotaExhausted) as caught:
            await keeper.current()
        assert (caught.value.code, caught.value.until) == (45009, START + timedelta(hours=1))
    await clock.advance(1)
    assert (await keeper.current(), endpoint.calls) == ("good", 2)


@pytest.mark.parametrize("seconds", [0, -1, 10**12])
def test_a_token_with_an_impossible_life_is_no_token(seconds: int) -> None:
    with pytest.raises(OutcomeUnknown):
        fresh_token({"access_token": "t", "expires_in": seconds})


async def test_a_wrong_secret_is_not_tried_again_for_a_minute() -> None:
    clock, shelf = ManualClock(), TokenShelf()
    endpoint = TokenEndpoint(Misconfigured("wrong secret", code=40125), "good")
    keeper = _keeper(clock, shelf, endpoint)
    for _ in range(5):
        with pytest.raises(Misconfigured, match="wrong secret"):
            await keeper.current()
    assert endpoint.calls == 1
    await clock.advance(60)
    assert await keeper.current() == "good"


async def test_a_cancelled_refresh_gives_its_lease_back() -> None:
    clock, shelf = ManualClock(), TokenShelf()

    async def never() -> FreshToken:
        await asyncio.Event().wait()
        raise AssertionError

    keeper = TokenKeeper(key=KEY, store=shelf, fetch=never, clock=clock)
    waiting = asyncio.ensure_future(keeper.current())
    await clock.advance(1)
    assert KEY in shelf.leases
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert shelf.leases == {}
