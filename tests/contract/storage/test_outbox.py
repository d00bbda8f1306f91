"""The outbox: who may send what, in which order, and what an attempt leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from content.messages import TextReply, Unfollow
from storage.outbox import Claimed, Settlement
from storage.records import AccountRow, Person
from storage.tables.delivery import DeliveryState
from tests.fakes.clock import ManualClock
from tests.fakes.sending import owe
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

LEASE = timedelta(seconds=30)


async def _claim(stores: OpenStores, clock: ManualClock, *, holder: str = "worker-1", limit: int = 20) -> list[Claimed]:
    now = clock.now()
    return await stores.outbox.claim(holder=holder, now=now, until=now + LEASE, limit=limit)


async def _begin(
    stores: OpenStores, clock: ManualClock, row: Claimed, *, holder: str = "worker-1", cost: int = 1
) -> str | Settlement:
    return await stores.outbox.begin(
        row,
        holder=holder,
        now=clock.now(),
        decide=lambda _person, _recent: "custom_send",
        costs=lambda _name: cost,
        look_back=timedelta(0),
    )


async def _settle(stores: OpenStores, clock: ManualClock, settlement: Settlement, *, holder: str = "worker-1") -> None:
    await stores.outbox.settle([settlement], holder=holder, now=clock.now())


async def _states(stores: OpenStores) -> list[str]:
    return [row["state"] for row in await stores.rows("SELECT state FROM delivery ORDER BY id")]


def _words(row: Claimed) -> str:
    assert isinstance(row.content, TextReply)
    return row.content.content


async def test_a_claimed_row_says_everything_that_sending_needs(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, account: AccountRow
) -> None:
    said = await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)

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
    first = await _claim(stores, clock)
    nothing = await _claim(stores, clock)
    for row in first:
        await _settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT))
    second = await _claim(stores, clock)

    assert [_words(row) for row in first] == ["甲一", "乙一"]
    assert nothing == []
    assert [_words(row) for row in second] == ["甲二", "乙二"]


async def test_a_row_that_waits_holds_back_the_persons_later_rows(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "一", "二", now=clock.now())
    [row] = await _claim(stores, clock)
    await _settle(
        stores, clock, Settlement(claimed=row, state=DeliveryState.RETRY, due_at=clock.now() + timedelta(seconds=10))
    )
    early = await _claim(stores, clock)
    await clock.advance(10)
    late = await _claim(stores, clock)

    assert early == []
    assert [_words(row) for row in late] == ["一"]


async def test_the_two_accounts_of_a_person_do_not_hold_each_other_back(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "甲", now=clock.now())
    await owe(stores, Visitors(stores.log, accounts["second"], clock), "alice", "乙", now=clock.now())

    assert [_words(row) for row in await _claim(stores, clock)] == ["甲", "乙"]


async def test_a_claim_takes_no_more_than_its_limit(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    for n in range(5):
        await owe(stores, visitors, f"p{n}", str(n), now=clock.now())
        await clock.advance(1)

    assert [_words(row) for row in await _claim(stores, clock, limit=2)] == ["0", "1"]
    assert [_words(row) for row in await _claim(stores, clock, limit=2)] == ["2", "3"]


async def test_a_claim_ends_with_its_lease_and_not_before(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    await clock.advance(29.999)
    early = await _claim(stores, clock, holder="worker-2")
    await clock.advance(0.001)
    [taken] = await _claim(stores, clock, holder="worker-2")

    assert early == []
    assert (taken.id, taken.attempts, taken.doubtful_since) == (row.id, 0, None)


async def test_releasing_everything_ends_the_leases_at_once(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "一", now=clock.now())
    await owe(stores, visitors, "bob", "二", now=clock.now())
    rows = await _claim(stores, clock)
    await _begin(stores, clock, rows[0])

    assert await stores.outbox.release_all() == 2
    taken = await _claim(stores, clock, holder="worker-2")
    assert [(row.attempts, row.doubtful_since) for row in taken] == [(1, clock.now()), (0, None)]


async def test_two_workers_never_claim_the_same_row_or_person(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    for n in range(30):
        await owe(stores, visitors, f"p{n}", "一", "二", now=clock.now())
    claims = await asyncio.gather(
        *(
            _claim(worker, clock, holder=holder, limit=4)
            for _ in range(5)
            for worker, holder in ((stores, "worker-1"), (other_stores, "worker-2"))
        )
    )

    rows = [row for claim in claims for row in claim]
    assert len({row.id for row in rows}) == len({row.identity_id for row in rows}) == len(rows)
    assert {_words(row) for row in rows} == {"一"}


async def test_an_attempt_is_written_before_it_is_made(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)

    assert await _begin(stores, clock, row) == "custom_send"
    assert await stores.rows("SELECT state, api, attempts FROM delivery") == [
        {"state": "attempting", "api": "custom_send", "attempts": 1}
    ]
    attempt = await stores.one("SELECT * FROM delivery_attempt")
    assert (attempt["n"], attempt["api"], attempt["outcome"], attempt["finished_at"]) == (1, "custom_send", None, None)
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == 4


async def test_who_lost_the_claim_cannot_begin(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    await clock.advance(30)
    [taken] = await _claim(stores, clock, holder="worker-2")
    late = await _begin(stores, clock, row)

    assert isinstance(late, Settlement)
    assert late.reason == "lease_lost"
    assert await stores.count("delivery_attempt") == 0
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == 5
    assert await _begin(stores, clock, taken, holder="worker-2") == "custom_send"


async def test_a_row_is_begun_once_even_by_its_holder(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    begun = await asyncio.gather(_begin(stores, clock, row), _begin(stores, clock, row))

    assert sorted(isinstance(each, Settlement) for each in begun) == [False, True]
    assert await stores.count("delivery_attempt") == 1


async def test_a_refusal_at_the_last_moment_is_stored_with_its_reason(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
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
    [row] = await _claim(stores, clock)

    def fail(_person: Person, _recent: Sequence[datetime]) -> str:
        raise LookupError("no such API")

    with pytest.raises(LookupError):
        await stores.outbox.begin(
            row, holder="worker-1", now=clock.now(), decide=fail, costs=lambda _: 1, look_back=timedelta(0)
        )
    assert await _states(stores) == ["claimed"]


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
        row = next(row for row in await _claim(stores, clock) if row.person.external_id == "alice")
        await stores.outbox.begin(
            row,
            holder="worker-1",
            now=clock.now(),
            decide=note,
            costs=lambda _: 0,
            look_back=timedelta(seconds=20),
        )
        await _settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT))
        times.append(clock.now())
        await clock.advance(9)

    assert told == [[], [times[0]], [times[1], times[0]], [times[2], times[1]]]


async def test_what_was_sent_is_settled_with_its_platform_id(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    await _begin(stores, clock, row)
    await _settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT, platform_id="p1"))

    stored = await stores.one("SELECT * FROM delivery")
    assert (stored["state"], stored["platform_id"], stored["holder"], stored["lease_until"]) == (
        "sent",
        "p1",
        None,
        None,
    )
    assert (await stores.one("SELECT outcome FROM delivery_attempt"))["outcome"] == "sent"


async def test_a_late_answer_changes_nothing_that_another_took_over(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    await _begin(stores, clock, row)
    await clock.advance(30)
    [taken] = await _claim(stores, clock, holder="worker-2")
    await _begin(stores, clock, taken, holder="worker-2")
    await _settle(stores, clock, Settlement(claimed=row, state=DeliveryState.RETRY, reason="busy", due_at=clock.now()))

    assert (await stores.one("SELECT state, holder FROM delivery")) == {"state": "attempting", "holder": "worker-2"}
    outcomes = await stores.rows("SELECT n, outcome FROM delivery_attempt ORDER BY n")
    assert outcomes == [{"n": 1, "outcome": "retry"}, {"n": 2, "outcome": None}]


async def test_a_late_answer_settles_what_was_unknown(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    await _begin(stores, clock, row)
    await clock.advance(30)
    [taken] = await _claim(stores, clock, holder="worker-2")
    unknown = Settlement(claimed=taken, state=DeliveryState.UNKNOWN, reason="outcome_unknown")
    await _settle(stores, clock, unknown, holder="worker-2")
    before = await _states(stores)
    await _settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT, platform_id="p1"))

    assert (before, await _states(stores)) == (["unknown"], ["sent"])


async def test_doubt_about_a_dead_process_survives_a_later_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    began = clock.now()
    await _begin(stores, clock, row)
    await clock.advance(30)
    [taken] = await _claim(stores, clock, holder="worker-2")
    await _begin(stores, clock, taken, holder="worker-2")
    retry = Settlement(claimed=taken, state=DeliveryState.RETRY, reason="busy", due_at=clock.now())
    await _settle(stores, clock, retry, holder="worker-2")
    [again] = await _claim(stores, clock)

    assert (taken.doubtful_since, again.doubtful_since) == (began, began)


@pytest.mark.parametrize(("reason", "doubtful"), [("outcome_unknown", True), ("unexpected", True), ("busy", False)])
async def test_doubt_follows_from_the_reason_of_an_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, reason: str, doubtful: bool
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await _claim(stores, clock)
    began = clock.now()
    await _begin(stores, clock, row)
    await clock.advance(2)
    retry = Settlement(claimed=row, state=DeliveryState.RETRY, reason=reason, due_at=clock.now())
    await _settle(stores, clock, retry)
    [again] = await _claim(stores, clock)

    assert again.doubtful_since == (began if doubtful else None)
    assert (again.attempts, again.api) == (1, "custom_send")


async def _refunded(stores: OpenStores, clock: ManualClock, row: Claimed, *, began: datetime) -> int:
    retry = Settlement(
        claimed=row, state=DeliveryState.RETRY, reason="busy", due_at=clock.now(), refund=1, began_at=began
    )
    await _settle(stores, clock, retry)
    return int((await stores.one("SELECT quota_left FROM reach"))["quota_left"])


async def test_quota_that_was_not_used_is_given_back(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await clock.advance(1)
    [row] = await _claim(stores, clock)
    await _begin(stores, clock, row)
    taken = (await stores.one("SELECT quota_left FROM reach"))["quota_left"]

    assert (taken, await _refunded(stores, clock, row, began=clock.now())) == (4, 5)


async def test_quota_that_a_new_act_has_set_is_not_raised_by_an_older_refund(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await clock.advance(1)
    [row] = await _claim(stores, clock)
    began = clock.now()
    await _begin(stores, clock, row)
    await clock.advance(1)
    await visitors.say("alice", "还在吗")

    assert await _refunded(stores, clock, row, began=began) == 5


async def test_what_the_platform_says_of_the_person_is_kept(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "一", "二", now=clock.now())
    [row] = await _claim(stores, clock)
    await _begin(stores, clock, row)
    refused = Settlement(
        claimed=row, state=DeliveryState.REFUSED, reason="unreachable", code=43019, unreachable="blocked"
    )
    await _settle(stores, clock, refused)
    [following] = await _claim(stores, clock)

    assert following.person.unreachable == "blocked"
    assert (await stores.one("SELECT code, detail FROM delivery_attempt")) == {"code": 43019, "detail": "unreachable"}


async def test_the_unsettled_rows_are_counted(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    for n in range(4):
        await owe(stores, visitors, f"p{n}", "答", "再答", now=clock.now())
    rows = await _claim(stores, clock, limit=3)
    await _begin(stores, clock, rows[0])
    await _begin(stores, clock, rows[1])
    await _settle(stores, clock, Settlement(claimed=rows[1], state=DeliveryState.SENT))

    assert await stores.outbox.counts() == {"attempting": 1, "claimed": 1, "due": 5}


async def test_destroyed_content_is_claimed_without_words(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await stores.change("DELETE FROM content WHERE seq = 2")

    assert [row.content for row in await _claim(stores, clock)] == [None]
