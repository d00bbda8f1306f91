"""What becomes of an attempt: its end, the doubt it leaves, and the quota it took."""

from __future__ import annotations

from datetime import timedelta

import pytest

from content.messages import MenuClick
from storage.attempts import Begun, Charge, Settlement
from storage.claims import Claimed
from storage.records import AccountRow, DeliveryState
from tests.fakes.clock import ManualClock
from tests.fakes.sending import begin, claim, delivery_states, owe, settle
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import THREE_IN_A_MINUTE, Visitors


async def test_what_was_sent_is_settled_with_its_platform_id(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    await begin(stores, clock, row)
    await settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT, platform_id="p1"))

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
    [row] = await claim(stores, clock)
    await begin(stores, clock, row)
    await clock.advance(30)
    [taken] = await claim(stores, clock, holder="worker-2")
    await begin(stores, clock, taken, holder="worker-2")
    await settle(stores, clock, Settlement(claimed=row, state=DeliveryState.RETRY, reason="busy", due_at=clock.now()))

    assert (await stores.one("SELECT state, holder FROM delivery")) == {"state": "attempting", "holder": "worker-2"}
    outcomes = await stores.rows("SELECT n, outcome FROM delivery_attempt ORDER BY n")
    assert outcomes == [{"n": 1, "outcome": "retry"}, {"n": 2, "outcome": None}]


async def test_a_late_answer_settles_what_was_unknown(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    await begin(stores, clock, row)
    await clock.advance(30)
    [taken] = await claim(stores, clock, holder="worker-2")
    unknown = Settlement(claimed=taken, state=DeliveryState.UNKNOWN, reason="outcome_unknown")
    await settle(stores, clock, unknown, holder="worker-2")
    before = await delivery_states(stores)
    await settle(stores, clock, Settlement(claimed=row, state=DeliveryState.SENT, platform_id="p1"))

    assert (before, await delivery_states(stores)) == (["unknown"], ["sent"])


async def test_doubt_about_a_dead_process_survives_a_later_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    began = clock.now()
    await begin(stores, clock, row)
    await clock.advance(30)
    [taken] = await claim(stores, clock, holder="worker-2")
    await begin(stores, clock, taken, holder="worker-2")
    retry = Settlement(claimed=taken, state=DeliveryState.RETRY, reason="busy", due_at=clock.now())
    await settle(stores, clock, retry, holder="worker-2")
    [again] = await claim(stores, clock)

    assert (taken.doubtful_since, again.doubtful_since) == (began, began)


@pytest.mark.parametrize(("reason", "doubtful"), [("outcome_unknown", True), ("unexpected", True), ("busy", False)])
async def test_doubt_follows_from_the_reason_of_an_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, reason: str, doubtful: bool
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock)
    began = clock.now()
    await begin(stores, clock, row)
    await clock.advance(2)
    retry = Settlement(claimed=row, state=DeliveryState.RETRY, reason=reason, due_at=clock.now())
    await settle(stores, clock, retry)
    [again] = await claim(stores, clock)

    assert again.doubtful_since == (began if doubtful else None)
    assert (again.attempts, again.api) == (1, "custom_send")


async def _begun(stores: OpenStores, clock: ManualClock) -> tuple[Claimed, Begun]:
    """Claim the one row that is due and begin its attempt."""
    [row] = await claim(stores, clock)
    begun = await begin(stores, clock, row)
    assert isinstance(begun, Begun)
    return row, begun


async def _charged(stores: OpenStores, clock: ManualClock, row: Claimed, begun: Begun, charge: Charge) -> int:
    """Settle an attempt that was refused and return what is left to send."""
    retry = Settlement(
        claimed=row, state=DeliveryState.RETRY, reason="busy", due_at=clock.now(), begun=begun, charge=charge
    )
    await settle(stores, clock, retry)
    return await _left(stores)


async def _left(stores: OpenStores) -> int:
    return int((await stores.one("SELECT quota_left FROM reach"))["quota_left"])


@pytest.mark.parametrize(("charge", "left"), [(Charge.KEPT, 4), (Charge.RETURNED, 5), (Charge.EMPTIED, 0)])
async def test_the_quota_of_an_attempt_is_kept_given_back_or_found_to_be_empty(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, charge: Charge, left: int
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await clock.advance(1)
    row, begun = await _begun(stores, clock)

    assert (await _left(stores), await _charged(stores, clock, row, begun, charge)) == (4, left)


@pytest.mark.parametrize("charge", [Charge.RETURNED, Charge.EMPTIED])
@pytest.mark.parametrize("seconds", [-1, 0, 1], ids=["recorded late", "at the same instant", "afterwards"])
async def test_quota_that_a_new_act_has_set_is_neither_raised_nor_emptied_by_an_older_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, charge: Charge, seconds: int, account: AccountRow
) -> None:
    """The act's time may lie before the attempt's, though it was committed after it: other processes' clocks."""
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await clock.advance(10)
    row, begun = await _begun(stores, clock)
    other = ManualClock(clock.now() + timedelta(seconds=seconds))
    await Visitors(stores.log, account, other, holder="web-2").say("alice", "还在吗")

    assert await _charged(stores, clock, row, begun, charge) == 5


async def test_what_is_given_back_never_raises_the_quota_above_what_stood_there(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now())
    row, begun = await _begun(stores, clock)
    await visitors.say("alice", "同一刻")  # within the same microsecond: neither the time nor the end tells it

    assert await _charged(stores, clock, row, begun, Charge.RETURNED) == 5


async def test_a_tap_during_an_attempt_that_is_given_back_leaves_no_more_than_it_grants(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "答", now=clock.now(), grant=THREE_IN_A_MINUTE)
    row, begun = await _begun(stores, clock)
    await visitors.do("alice", MenuClick(key="k"), grant=THREE_IN_A_MINUTE)

    assert await _charged(stores, clock, row, begun, Charge.RETURNED) == 3


async def test_what_the_platform_says_of_the_person_is_kept(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await owe(stores, visitors, "alice", "一", "二", now=clock.now())
    [row] = await claim(stores, clock)
    await begin(stores, clock, row)
    refused = Settlement(
        claimed=row, state=DeliveryState.REFUSED, reason="unreachable", code=43019, unreachable="blocked"
    )
    await settle(stores, clock, refused)
    [following] = await claim(stores, clock)

    assert following.person.unreachable == "blocked"
    assert (await stores.one("SELECT code, detail FROM delivery_attempt")) == {"code": 43019, "detail": "unreachable"}
