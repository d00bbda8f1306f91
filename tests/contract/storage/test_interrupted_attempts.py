"""An attempt whose outcome nobody knows: sent again only while the platform would recognise it, otherwise `unknown`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from handlers.delivery.errors import OutcomeUnknown, RetryLater
from handlers.delivery.ports import Receipt
from storage.claims import Claimed
from storage.records import AccountRow, Person
from tests.fakes.channel import Call, ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import application, claim, official, owe, send_due, sender_of
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


@pytest.fixture
def members(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return members of staff, who write to the WeCom application."""
    return Visitors(stores.log, accounts["assistant"], clock)


async def _die_in_an_attempt(stores: OpenStores, clock: ManualClock, *, api: str) -> Claimed:
    """Claim a row, commit that the attempt begins, and be heard of no more."""
    now = clock.now()
    [row] = await claim(stores, clock, holder="dead")

    def allow(_person: Person, _recent: Sequence[datetime]) -> str:
        return api

    await stores.outbox.begin(row, holder="dead", now=now, decide=allow, costs=lambda _: 0, look_back=timedelta(0))
    return row


async def _state(stores: OpenStores) -> tuple[str, str | None]:
    row = await stores.one("SELECT state, reason FROM delivery")
    return row["state"], row["reason"]


async def test_without_a_platform_key_it_is_unknown_and_never_sent_again(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {account.id: official(channel)})
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await _die_in_an_attempt(stores, clock, api="custom_send")
    await clock.advance(30)
    await send_due(sender)
    await clock.advance(86_400)
    await send_due(sender)

    assert channel.calls == []
    assert await _state(stores) == ("unknown", "outcome_unknown")


async def test_the_claim_of_a_dead_process_that_had_not_begun_is_sent(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await claim(stores, clock, holder="dead")
    sender = sender_of(stores, clock, {account.id: official(channel)})
    early = await send_due(sender)
    await clock.advance(30)
    await send_due(sender)

    assert early == 0
    assert channel.said == [("alice", "答")]
    assert await _state(stores) == ("sent", None)


async def test_with_a_valid_key_the_same_request_is_sent_under_the_same_key(
    stores: OpenStores, members: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {accounts["assistant"].id: application(channel)})
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    row = await _die_in_an_attempt(stores, clock, api="message_send")
    await clock.advance(30)
    await send_due(sender)

    assert [(call.idempotency_key, call.words) for call in channel.calls] == [(row.idempotency_key, "答")]
    assert await _state(stores) == ("sent", None)


async def test_after_the_key_has_ended_it_is_unknown(
    stores: OpenStores, members: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {accounts["assistant"].id: application(channel)})
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    await _die_in_an_attempt(stores, clock, api="message_send")
    await clock.advance(30 * 60)
    await send_due(sender)

    assert channel.calls == []
    assert await _state(stores) == ("unknown", "outcome_unknown")


@pytest.mark.parametrize("second", [RetryLater("busy"), OutcomeUnknown("cut off")], ids=["busy", "cut off"])
@pytest.mark.parametrize("first", ["a dead process", "a cut connection"])
async def test_doubt_outlives_a_retry_until_the_key_ends(
    stores: OpenStores,
    members: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    first: str,
    second: Exception,
) -> None:
    """Whatever the second attempt says, the first may have arrived: no request leaves after the key has ended."""
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {accounts["assistant"].id: application(channel)})
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    if first == "a dead process":
        await _die_in_an_attempt(stores, clock, api="message_send")
    else:
        channel.will(OutcomeUnknown("cut off"))
        await send_due(sender)
    await clock.advance(30)
    channel.will(second)
    await send_due(sender)
    sent_before = len(channel.calls)
    state_before = (await _state(stores))[0]
    await clock.advance(30 * 60)
    await send_due(sender)

    assert state_before == "retry"
    assert len(channel.calls) == sent_before
    assert (await _state(stores))[0] == "unknown"


async def test_a_retry_within_the_key_that_is_accepted_is_sent(
    stores: OpenStores, members: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {accounts["assistant"].id: application(channel)})
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    channel.will(OutcomeUnknown("cut off"))
    await send_due(sender)
    waiting = await _state(stores)
    await clock.advance(60)
    await send_due(sender)

    assert waiting == ("retry", "outcome_unknown")
    assert len({call.idempotency_key for call in channel.calls}) == 1
    assert len(channel.calls) == 2
    assert await _state(stores) == ("sent", None)


async def test_a_cut_connection_without_a_key_is_unknown_at_once(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {account.id: official(channel)})
    await owe(stores, visitors, "alice", "一", "二", now=clock.now())
    channel.will(OutcomeUnknown("cut off"))
    await send_due(sender)
    await send_due(sender)

    assert channel.said == [("alice", "一"), ("alice", "二")]
    states = await stores.rows("SELECT state FROM delivery ORDER BY id")
    assert [row["state"] for row in states] == ["unknown", "sent"]


async def test_busy_gives_the_quota_back_but_not_after_a_new_act(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    channel = ScriptedChannel()
    sender = sender_of(stores, clock, {account.id: official(channel)})
    await owe(stores, visitors, "alice", "答", now=clock.now())
    await clock.advance(1)
    channel.will(RetryLater("busy"))
    await send_due(sender)
    given_back = await stores.one("SELECT quota_left FROM reach")
    await clock.advance(10)

    async def act_meanwhile(_call: Call) -> Receipt:
        await clock.advance(1)
        await visitors.say("alice", "还在吗")
        raise RetryLater("busy")

    channel.will(act_meanwhile)
    await send_due(sender)

    assert given_back == {"quota_left": 5}
    assert await stores.one("SELECT quota_left FROM reach") == {"quota_left": 5}
