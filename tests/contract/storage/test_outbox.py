"""The outbox: who may send what, in which order, and what an attempt leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from content.messages import TextReply, Unfollow
from storage.attempts import Begun, Settlement
from storage.records import AccountRow, DeliveryState, Person
from tests.fakes.clock import ManualClock
from tests.fakes.sending import begin, claim, delivery_states, owe, settle, words_of
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_a_claimed_row_says_everything_that_sending_needs(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, account: AccountRow
) -> None:
    said = await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)

    assert (row.account_id, row.out_seq, row.purpose, row.author) == (account.id, 2, "service", "bot")
    assert (row.attempts, row.api, row.doubtful_since) == (0, None, None)
    assert row.content == TextReply(content="答")
    assert row.idempotency_key == f"reply:{account.id}:{said.seq}:0"
    assert (row.person.external_id, row.person.quota_left) == ("alice", 5)


async def test_one_row_a_person_is_claimed_at_a_time_the_oldest_first(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "甲一", "甲二", "甲三", now=clock.now())
    await clock.advance(1)
    await owe(stores, visitors, "bob", "乙一", "乙二", now=clock.now())
    first = await claim(stores, clock)
    nothing = await claim(stores, clock)
    for row in first:
        await settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT))
    second = await claim(stores, clock)

    assert [words_of(row) for row in first] == ["甲一", "乙一"]
    assert nothing == []
    assert [words_of(row) for row in second] == ["甲二", "乙二"]


async def test_a_row_that_waits_holds_back_the_persons_later_rows(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "一", "二", now=clock.now())
    [row] = await claim(stores, clock)
    await settle(
        stores, clock, Settlement(claimed=row, state=DeliveryState.RETRY, due_at=clock.now() + timedelta(seconds=10))
    )
    early = await claim(stores, clock)
    await clock.advance(10)
    late = await claim(stores, clock)

    assert early == []
    assert [words_of(row) for row in late] == ["一"]


async def test_the_two_accounts_of_a_person_do_not_hold_each_other_back(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "甲", now=clock.now())
    await owe(stores, Visitors(stores.log, accounts["second"], clock), "alice", "乙", now=clock.now())

    assert [words_of(row) for row in await claim(stores, clock)] == ["甲", "乙"]


async def test_a_claim_takes_no_more_than_its_limit(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    for n in range(5):
        await owe(stores, visitors, f"p{n}", str(n), now=clock.now())
        await clock.advance(1)

    assert [words_of(row) for row in await claim(stores, clock, limit=2)] == ["0", "1"]
    assert [words_of(row) for row in await claim(stores, clock, limit=2)] == ["2", "3"]


async def test_a_claim_ends_with_its_lease_and_not_before(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    await clock.advance(29.999)
    early = await claim(stores, clock, holder="worker-2")
    await clock.advance(0.001)
    [taken] = await claim(stores, clock, holder="worker-2")

    assert early == []
    assert (taken.id, taken.attempts, taken.doubtful_since) == (row.id, 0, None)


async def test_releasing_everything_ends_the_leases_at_once(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "一", now=clock.now())
    await owe(stores, visitors, "bob", "二", now=clock.now())
    rows = await claim(stores, clock)
    await begin(stores, clock, rows[0])

    assert await stores.outbox.release_all() == 2
    taken = await claim(stores, clock, holder="worker-2")
    assert [(row.attempts, row.doubtful_since) for row in taken] == [(1, clock.now()), (0, None)]


async def test_two_workers_never_claim_the_same_row_or_person(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    for n in range(30):
        await owe(stores, visitors, f"p{n}", "一", "二", now=clock.now())
    claims = await asyncio.gather(
        *(
            claim(worker, clock, holder=holder, limit=4)
            for _ in range(5)
            for worker, holder in ((stores, "worker-1"), (other_stores, "worker-2"))
        )
    )

    rows = [row for claim in claims for row in claim]
    assert len({row.id for row in rows}) == len({row.identity_id for row in rows}) == len(rows)
    assert {words_of(row) for row in rows} == {"一"}


async def test_an_attempt_is_written_before_it_is_made(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)

    assert await begin(stores, clock, row) == Begun(
        api="custom_send", at=clock.now(), cost=1, quota_left=5, quota_until=row.person.quota_until
    )
    assert await stores.rows("SELECT state, api, attempts FROM delivery") == [
        {"state": "attempting", "api": "custom_send", "attempts": 1}
    ]
    attempt = await stores.one("SELECT * FROM delivery_attempt")
    assert (attempt["n"], attempt["api"], attempt["outcome"], attempt["finished_at"]) == (1, "custom_send", None, None)
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == 4


async def test_who_lost_the_claim_cannot_begin(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    await clock.advance(30)
    [taken] = await claim(stores, clock, holder="worker-2")
    late = await begin(stores, clock, row)

    assert isinstance(late, Settlement)
    assert late.reason == "lease_lost"
    assert await stores.count("delivery_attempt") == 0
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == 5
    assert isinstance(await begin(stores, clock, taken, holder="worker-2"), Begun)


async def test_a_row_is_begun_once_even_by_its_holder(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    begun = await asyncio.gather(begin(stores, clock, row), begin(stores, clock, row))

    assert sorted(isinstance(each, Settlement) for each in begun) == [False, True]
    assert await stores.count("delivery_attempt") == 1


async def test_a_refusal_at_the_last_moment_is_stored_with_its_reason(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    await visitors.do("alice", Unfollow(), followed=False)
    seen: list[Person] = []

    def refuse(person: Person, _recent: Sequence[datetime]) -> Settlement:
        seen.append(person)
        return Settlement(claimed=row, state=DeliveryState.REFUSED, reason="unfollowed", attempted=False)

    await stores.outbox.begin(
        row, holder="worker-1", now=clock.now(), decide=refuse, costs=lambda _: 1, look_back=timedelta(0)
    )

    assert seen[0].followed is False
    stored = await stores.one("SELECT state, reason, settled_at, holder FROM delivery")
    assert (stored["state"], stored["reason"], stored["holder"]) == ("refused", "unfollowed", None)
    assert stored["settled_at"] is not None
    assert await stores.count("delivery_attempt") == 0


async def test_a_decision_that_fails_changes_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)

    def fail(_person: Person, _recent: Sequence[datetime]) -> str:
        raise LookupError("no such API")

    with pytest.raises(LookupError):
        await stores.outbox.begin(
            row, holder="worker-1", now=clock.now(), decide=fail, costs=lambda _: 1, look_back=timedelta(0)
        )
    assert await delivery_states(stores) == ["claimed"]


async def test_the_attempts_of_the_recent_past_are_told_newest_first(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", *"一二三四", now=clock.now())
    await owe(stores, visitors, "bob", "别人", now=clock.now())
    times: list[datetime] = []
    told: list[list[datetime]] = []

    def note(_person: Person, recent: Sequence[datetime]) -> str:
        told.append(list(recent))
        return "custom_send"

    for _ in range(4):
        row = next(row for row in await claim(stores, clock) if row.person.external_id == "alice")
        await stores.outbox.begin(
            row,
            holder="worker-1",
            now=clock.now(),
            decide=note,
            costs=lambda _: 0,
            look_back=timedelta(seconds=20),
        )
        await settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT))
        times.append(clock.now())
        await clock.advance(9)

    assert told == [[], [times[0]], [times[1], times[0]], [times[2], times[1]]]


async def test_the_unsettled_rows_are_counted(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    for n in range(4):
        await owe(stores, visitors, f"p{n}", "答", "再答", now=clock.now())
    rows = await claim(stores, clock, limit=3)
    await begin(stores, clock, rows[0])
    await begin(stores, clock, rows[1])
    await settle(stores, clock, Settlement(claimed=rows[1], state=DeliveryState.SENT))

    assert await stores.outbox.counts() == {"attempting": 1, "claimed": 1, "due": 5, "retry": 0}


async def test_destroyed_content_is_claimed_without_words(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await stores.change("DELETE FROM content WHERE seq = 2")

    assert [row.content for row in await claim(stores, clock)] == [None]
