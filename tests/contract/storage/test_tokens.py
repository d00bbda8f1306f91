"""Access tokens: one refreshes at a time, and only while the stored token is the one that failed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from storage.tokens import Token
from tests.fakes.clock import START, ManualClock
from tests.fakes.stores import OpenStores

_KEY = "wx-realm:secret-1"
_LEASE = timedelta(seconds=10)
_END = START + timedelta(hours=2)


async def _begin(stores: OpenStores, clock: ManualClock, *, holder: str, failed: str | None, key: str = _KEY) -> bool:
    return await stores.tokens.begin_refresh(key, holder=holder, failed=failed, now=clock.now(), lease=_LEASE)


async def _finish(stores: OpenStores, clock: ManualClock, *, holder: str, value: str) -> None:
    await stores.tokens.finish_refresh(_KEY, holder=holder, value=value, expires_at=_END, now=clock.now())


async def test_there_is_no_token_before_the_first_refresh(stores: OpenStores, clock: ManualClock) -> None:
    before = await stores.tokens.read(_KEY)
    await _begin(stores, clock, holder="a", failed=None)

    assert (before, await stores.tokens.read(_KEY)) == (None, None)


async def test_a_refreshed_token_is_read_by_every_process(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    await _begin(stores, clock, holder="a", failed=None)
    await _finish(stores, clock, holder="a", value="t1")

    assert await other_stores.tokens.read(_KEY) == Token(value="t1", expires_at=_END, version=1)


async def test_one_of_many_refreshes(stores: OpenStores, other_stores: OpenStores, clock: ManualClock) -> None:
    begun = await asyncio.gather(
        *(
            _begin(process, clock, holder=f"{name}-{n}", failed=None)
            for n in range(5)
            for name, process in (("a", stores), ("b", other_stores))
        )
    )

    assert begun.count(True) == 1


async def test_a_token_that_has_changed_meanwhile_is_not_refreshed(stores: OpenStores, clock: ManualClock) -> None:
    await _begin(stores, clock, holder="a", failed=None)
    await _finish(stores, clock, holder="a", value="t1")
    stale = [await _begin(stores, clock, holder="b", failed=failed) for failed in (None, "t0")]

    assert stale == [False, False]
    assert await _begin(stores, clock, holder="b", failed="t1") is True


async def test_the_old_token_stays_readable_while_it_is_refreshed(stores: OpenStores, clock: ManualClock) -> None:
    await _begin(stores, clock, holder="a", failed=None)
    await _finish(stores, clock, holder="a", value="t1")
    await _begin(stores, clock, holder="b", failed="t1")
    during = await stores.tokens.read(_KEY)
    await _finish(stores, clock, holder="b", value="t2")
    after = await stores.tokens.read(_KEY)

    assert during is not None
    assert after is not None
    assert [(token.value, token.version) for token in (during, after)] == [("t1", 1), ("t2", 2)]


async def test_a_refresh_that_takes_too_long_is_taken_over_and_its_late_answer_overwrites_nothing(
    stores: OpenStores, clock: ManualClock
) -> None:
    await _begin(stores, clock, holder="a", failed=None)
    await clock.advance(9.999)
    early = await _begin(stores, clock, holder="b", failed=None)
    await clock.advance(0.001)
    taken = await _begin(stores, clock, holder="b", failed=None)
    await _finish(stores, clock, holder="b", value="from b")
    await _finish(stores, clock, holder="a", value="late")

    token = await stores.tokens.read(_KEY)
    assert (early, taken) == (False, True)
    assert token is not None
    assert (token.value, token.version) == ("from b", 1)


async def test_an_abandoned_refresh_lets_another_begin_at_once(stores: OpenStores, clock: ManualClock) -> None:
    await _begin(stores, clock, holder="a", failed=None)
    await stores.tokens.abandon_refresh(_KEY, holder="b")
    still = await _begin(stores, clock, holder="b", failed=None)
    await stores.tokens.abandon_refresh(_KEY, holder="a")

    assert still is False
    assert await _begin(stores, clock, holder="b", failed=None) is True


async def test_each_key_has_a_token_of_its_own(stores: OpenStores, clock: ManualClock) -> None:
    await _begin(stores, clock, holder="a", failed=None)

    assert await _begin(stores, clock, holder="b", failed=None, key="wx-realm:secret-2") is True
    assert await stores.tokens.read("wx-realm:secret-2") is None
