"""The sending loop: what it sends, in which order people hear it, whom it tells, and how it stops."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from content.messages import Unfollow
from handlers.delivery.errors import (
    Rejected,
    RetryLater,
)
from handlers.delivery.ports import Receipt
from handlers.delivery.sender import Sender
from storage.records import AccountRow
from tests.fakes.channel import Call, ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import application, official, owe, send_due, sender_of
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors
from tests.unit.handlers.delivery.delivery_rows import states


async def test_an_accepted_message_is_sent_with_the_platforms_id(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    channel.will(Receipt(platform_id="msg-1"))
    claimed = await send_due(sender)

    assert claimed == 1
    assert [(call.api, call.recipient, call.words) for call in channel.calls] == [("custom_send", "alice", "答")]
    row = await stores.one("SELECT * FROM delivery")
    assert (row["state"], row["platform_id"], row["api"], row["attempts"]) == ("sent", "msg-1", "custom_send", 1)
    assert await send_due(sender) == 0


async def test_a_persons_messages_go_out_in_order_whatever_happens_on_the_way(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "甲一", "甲二", "甲三", now=clock.now())
    await owe(stores, customers, "bob", "乙一", "乙二", now=clock.now())
    channel.will(RetryLater("busy", after=timedelta(seconds=5)))
    for _ in range(12):
        await send_due(sender)
        await clock.advance(1)

    heard = {person: [words for who, words in channel.said if who == person] for person in ("alice", "bob")}
    assert heard == {"alice": ["甲一", "甲一", "甲二", "甲三"], "bob": ["乙一", "乙二"]}


async def test_the_rows_of_one_claim_go_out_side_by_side(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    for person in ("alice", "bob", "carol"):
        await owe(stores, customers, person, "答", now=clock.now())
    everybody = asyncio.Barrier(3)

    async def wait_for_the_others(_call: Call) -> Receipt:
        await everybody.wait()
        return Receipt()

    channel.will(wait_for_the_others, wait_for_the_others, wait_for_the_others)
    async with asyncio.timeout(10):
        await send_due(sender)

    assert await states(stores) == [("sent", None)] * 3


async def test_messages_of_accounts_that_this_process_does_not_serve_are_left_to_others(
    stores: OpenStores,
    accounts: dict[str, AccountRow],
    customers: Visitors,
    members: Visitors,
    channel: ScriptedChannel,
    clock: ManualClock,
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    of_customers = sender_of(stores, clock, {accounts["service"].id: official(channel)})
    of_members = sender_of(stores, clock, {accounts["assistant"].id: application(channel)}, holder="worker-2")
    await send_due(of_customers)
    before = await states(stores)
    await send_due(of_members)

    assert (before, await states(stores)) == ([("sent", None), ("due", None)], [("sent", None)] * 2)


async def test_every_end_is_told(
    stores: OpenStores,
    accounts: dict[str, AccountRow],
    customers: Visitors,
    channel: ScriptedChannel,
    clock: ManualClock,
) -> None:
    told: list[str] = []
    sender = sender_of(stores, clock, {accounts["service"].id: official(channel)}, on_settled=told.append)
    await owe(stores, customers, "alice", "一", "二", "三", now=clock.now())
    channel.will(Receipt(), Rejected("wrong"))
    await send_due(sender)
    await send_due(sender)
    await customers.do("alice", Unfollow(), followed=False)
    await send_due(sender)

    assert told == ["sent", "failed", "refused"]


async def test_the_loop_sends_when_it_is_woken_and_stops_when_told(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    stopping, sent = asyncio.Event(), asyncio.Event()

    async def note(_call: Call) -> Receipt:
        sent.set()
        return Receipt()

    channel.will(note)
    loop = asyncio.create_task(sender.run(stopping))
    await owe(stores, customers, "alice", "答", now=clock.now())
    sender.wake()
    async with asyncio.timeout(10):
        await sent.wait()
        stopping.set()
        sender.wake()
        await loop

    assert await states(stores) == [("sent", None)]
