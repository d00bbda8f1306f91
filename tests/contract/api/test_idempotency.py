"""The rows under which writes are claimed, on both databases, and the order of claim, work and answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pydantic import BaseModel

from bot.web.api.once import Once, Sent
from bot.web.api.problem import IN_PROGRESS, NOT_FOUND, Refused
from storage.idempotency import ABANDONED, KEPT, Ask, Claim, Idempotency, Kept, Unclaimed
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores

_ASK = Ask(api_key_id=1, key="w", fingerprint=b"f")
_ANSWER = Kept(status=200, body=b"{}")


class _Done(BaseModel):
    """What the work answers."""

    number: int


async def _claimed(idempotency: Idempotency, ask: Ask, clock: ManualClock) -> Claim:
    claim = await idempotency.claim(ask, now=clock.now())
    assert isinstance(claim, Claim)
    return claim


async def test_a_claim_is_one_holder_s_until_its_answer_is_kept(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    here, there = Idempotency(stores.database), Idempotency(other_stores.database)
    claim = await _claimed(here, _ASK, clock)
    while_working = await there.claim(_ASK, now=clock.now())
    kept = await here.keep(claim, _ANSWER)

    assert (while_working, kept) == (Unclaimed.IN_PROGRESS, True)
    assert await there.claim(_ASK, now=clock.now()) == _ANSWER


async def test_of_two_that_claim_at_once_one_may(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    both = (Idempotency(stores.database), Idempotency(other_stores.database))
    found = await asyncio.gather(*(each.claim(_ASK, now=clock.now()) for each in both * 4))
    assert sorted(type(each).__name__ for each in found) == ["Claim", *["Unclaimed"] * 7]


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_word_stands_for_one_write_answered_or_not(
    stores: OpenStores, clock: ManualClock, is_answered: bool
) -> None:
    idempotency = Idempotency(stores.database)
    claim = await _claimed(idempotency, _ASK, clock)
    if is_answered:
        await idempotency.keep(claim, _ANSWER)
    other = Ask(api_key_id=1, key="w", fingerprint=b"g")
    assert await idempotency.claim(other, now=clock.now()) == Unclaimed.REUSED


async def test_an_abandoned_claim_is_taken_over_and_the_late_answer_of_the_first_is_not_kept(
    stores: OpenStores, clock: ManualClock
) -> None:
    idempotency = Idempotency(stores.database)
    first = await _claimed(idempotency, _ASK, clock)
    await clock.advance(ABANDONED.total_seconds() - 1)
    early = await idempotency.claim(_ASK, now=clock.now())
    await clock.advance(1)
    second = await _claimed(idempotency, _ASK, clock)
    kept = [
        await idempotency.keep(first, Kept(status=200, body=b"late")),
        await idempotency.release(first),
        await idempotency.keep(second, _ANSWER),
    ]

    assert early == Unclaimed.IN_PROGRESS
    assert kept == [False, False, True]
    assert await idempotency.claim(_ASK, now=clock.now()) == _ANSWER


async def test_what_was_answered_is_not_given_back(stores: OpenStores, clock: ManualClock) -> None:
    idempotency = Idempotency(stores.database)
    claim = await _claimed(idempotency, _ASK, clock)
    await idempotency.keep(claim, _ANSWER)
    assert await idempotency.release(claim) is False
    assert await idempotency.claim(_ASK, now=clock.now()) == _ANSWER


async def test_old_rows_go_with_the_next_claim_whose_ever_they_are(stores: OpenStores, clock: ManualClock) -> None:
    idempotency = Idempotency(stores.database)
    for number in range(3):
        await idempotency.claim(Ask(api_key_id=number, key="w", fingerprint=b"f"), now=clock.now())
        await clock.advance(3600)
    await clock.advance((KEPT - timedelta(hours=2)).total_seconds())
    await idempotency.claim(Ask(api_key_id=9, key="w", fingerprint=b"f"), now=clock.now())

    rows = await stores.rows("SELECT api_key_id FROM idempotency ORDER BY api_key_id")
    assert [row["api_key_id"] for row in rows] == [2, 9]


async def test_who_asks_while_the_work_goes_on_is_told_to_wait(stores: OpenStores, clock: ManualClock) -> None:
    once, goes_on = Once(Idempotency(stores.database), clock=clock), asyncio.Event()
    began = asyncio.Event()

    async def work() -> _Done:
        began.set()
        await goes_on.wait()
        return _Done(number=1)

    first = asyncio.create_task(once.answer(_ASK, work))
    await began.wait()
    with pytest.raises(Refused) as told:
        await once.answer(_ASK, work)
    goes_on.set()

    assert told.value.kind == IN_PROGRESS
    assert await first == Sent(status=200, body=b'{"number":1}')
    assert await once.answer(_ASK, work) == Sent(status=200, body=b'{"number":1}', is_repeated=True)


async def test_a_refusal_is_kept_and_a_failure_is_not(stores: OpenStores, clock: ManualClock) -> None:
    once = Once(Idempotency(stores.database), clock=clock)
    done: list[str] = []

    async def fails() -> _Done:
        done.append("fails")
        raise RuntimeError("the machine is on fire")

    async def refuses() -> _Done:
        done.append("refuses")
        raise Refused(NOT_FOUND, "there is no customer 5 in your scope")

    with pytest.raises(RuntimeError, match="on fire"):
        await once.answer(_ASK, fails)
    answers = [await once.answer(_ASK, refuses) for _ in range(2)]

    assert done == ["fails", "refuses"]
    assert [(each.status, each.is_repeated) for each in answers] == [(404, False), (404, True)]
    assert answers[0].body == answers[1].body
