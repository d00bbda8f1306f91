"""Pictures of another account leave the outbox: brought over before the attempt, whatever a kill cuts off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from content.messages import ImageReply, TextReply
from handlers.delivery.errors import MediaGone, MediaTooLarge, NotAPicture, NotCarried, OutcomeUnknown, RetryLater
from storage.records import AccountRow, ReplyDraft, Way
from tests.fakes.carrier import ScriptedCarrier
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import application, official, send_due, sender_of
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import FIVE_IN_TWO_DAYS, Visitors, lease_of, turn


@pytest.fixture
def carrier() -> ScriptedCarrier:
    return ScriptedCarrier()


async def _owe_picture(
    stores: OpenStores, visitors: Visitors, person: str, *, clock: ManualClock, then: str = "", **fields: Any
) -> None:
    said = await visitors.say(person, "问", grant=FIVE_IN_TWO_DAYS)
    words = [then] if then else []
    handled = turn(lease_of(said), [said.seq], *words, now=clock.now(), way=Way.OUTBOX)
    picture = ReplyDraft(
        kind="image",
        fields={"media_id": "photo", "kept_by": "assistant", **fields},
        purpose="service",
        content_version="v1",
    )
    await stores.handling.finish(replace(handled, replies=(picture, *handled.replies)))


async def _standing(stores: OpenStores) -> list[tuple[str, str | None, int]]:
    rows = await stores.rows("SELECT state, reason, attempts FROM delivery ORDER BY id")
    return [(row["state"], row["reason"], row["attempts"]) for row in rows]


async def test_what_leaves_is_the_picture_that_the_sending_platform_keeps(
    stores: OpenStores,
    customers: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
) -> None:
    await _owe_picture(stores, customers, "alice", clock=clock, by="zhang")
    await send_due(sender_of(stores, clock, {accounts["service"].id: official(channel, carrier)}))
    assert [call.content for call in channel.calls] == [ImageReply(media_id="photo-1", by="zhang")]
    assert await _standing(stores) == [("sent", None, 1)]
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == 4


async def test_a_kill_between_upload_and_sending_costs_an_upload_and_no_message(
    stores: OpenStores,
    customers: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
) -> None:
    await _owe_picture(stores, customers, "alice", clock=clock)
    uploaded = asyncio.Event()

    async def never_return() -> None:
        uploaded.set()
        await asyncio.Event().wait()

    carrier.will(never_return)
    dying = await sender_of(
        stores, clock, {accounts["service"].id: official(channel, carrier)}, holder="dying"
    ).take_up()
    async with asyncio.timeout(10):
        await uploaded.wait()
    for task in dying:
        task.cancel()
    await asyncio.gather(*dying, return_exceptions=True)
    assert await _standing(stores) == [("claimed", None, 0)], "nothing is in doubt"
    await clock.advance(30)
    await send_due(sender_of(stores, clock, {accounts["service"].id: official(channel, carrier)}, holder="next"))

    assert carrier.uploads == ["photo-1", "photo-2"]
    assert [call.content for call in channel.calls] == [ImageReply(media_id="photo-2")]
    assert await _standing(stores) == [("sent", None, 1)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MediaGone("no"), "picture_gone"),
        (MediaTooLarge("no"), "picture_too_large"),
        (NotAPicture("no"), "no_picture"),
        (NotCarried("no"), "picture_not_carried"),
        (ValueError("a mistake of ours"), "picture_not_carried"),
    ],
)
async def test_one_that_cannot_be_brought_over_fails_and_holds_up_nobody(
    stores: OpenStores,
    customers: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
    error: Exception,
    reason: str,
) -> None:
    await _owe_picture(stores, customers, "alice", clock=clock, then="您好")
    carrier.will(error)
    sender = sender_of(stores, clock, {accounts["service"].id: official(channel, carrier)})
    for _ in range(2):
        await send_due(sender)
    assert channel.said == [("alice", "您好")]
    assert await _standing(stores) == [("failed", reason, 0), ("sent", None, 1)]
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == 4, "of a reply that did not leave"


async def test_an_account_that_brings_nothing_over_says_so(
    stores: OpenStores,
    customers: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
) -> None:
    await _owe_picture(stores, customers, "alice", clock=clock)
    await send_due(sender_of(stores, clock, {accounts["service"].id: official(channel)}))
    assert (channel.calls, await _standing(stores)) == ([], [("failed", "picture_not_carried", 0)])


async def test_words_go_in_its_place_where_there_are_some(
    stores: OpenStores,
    members: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
) -> None:
    await _owe_picture(stores, members, "zhang", clock=clock, instead="没能转来")
    carrier.will(MediaGone("no"))
    await send_due(sender_of(stores, clock, {accounts["assistant"].id: application(channel, carrier)}))
    assert channel.said == [("zhang", "没能转来")]
    assert await _standing(stores) == [("sent", None, 1)]


async def test_an_id_that_the_platform_refuses_is_uploaded_once_more_and_no_more(
    stores: OpenStores,
    customers: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
) -> None:
    sender = sender_of(stores, clock, {accounts["service"].id: official(channel, carrier)})
    await _owe_picture(stores, customers, "alice", clock=clock)
    channel.will(MediaGone("40007", code=40007))
    await send_due(sender)
    assert [call.content for call in channel.calls] == [
        ImageReply(media_id="photo-1"),
        ImageReply(media_id="photo-2"),
    ]
    await _owe_picture(stores, customers, "bob", clock=clock)
    channel.will(MediaGone("40007", code=40007), MediaGone("40007", code=40007))
    await send_due(sender)
    assert len(channel.calls) == 4
    assert await _standing(stores) == [("sent", None, 1), ("failed", "picture_gone", 1)]


async def test_a_busy_platform_is_tried_again_with_an_upload_of_its_own(
    stores: OpenStores,
    customers: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
) -> None:
    sender = sender_of(stores, clock, {accounts["service"].id: official(channel, carrier)})
    await _owe_picture(stores, customers, "alice", clock=clock)
    channel.will(RetryLater("busy", after=timedelta(seconds=5)))
    for _ in range(2):
        await send_due(sender)
        await clock.advance(10)
    assert [call.content for call in channel.calls] == [
        ImageReply(media_id="photo-1"),
        ImageReply(media_id="photo-2"),
    ]
    assert await _standing(stores) == [("sent", None, 2)]


async def test_in_doubt_it_is_not_sent_again_even_where_repeats_of_words_are_recognised(
    stores: OpenStores,
    members: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    channel: ScriptedChannel,
    carrier: ScriptedCarrier,
) -> None:
    """A repeat bears another upload's id: the duplicate check, which compares whole requests, would not know it."""
    sender = sender_of(stores, clock, {accounts["assistant"].id: application(channel, carrier)})
    await _owe_picture(stores, members, "zhang", clock=clock, instead="没能转来")
    channel.will(OutcomeUnknown("cut off"))
    await send_due(sender)
    await clock.advance(60)
    await send_due(sender)
    assert channel.calls[0].content != TextReply(content="没能转来")
    assert (len(channel.calls), await _standing(stores)) == (1, [("unknown", "outcome_unknown", 1)])
