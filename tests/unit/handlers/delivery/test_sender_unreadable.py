"""The sending loop over rows that cannot be read: damaged, destroyed, or of another version."""

from __future__ import annotations

import pytest

from handlers.delivery.errors import (
    OutcomeUnknown,
)
from handlers.delivery.sender import Sender
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import begin, claim, owe, send_due
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors
from tests.unit.handlers.delivery.delivery_rows import states


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE message SET kind = 'hologram' WHERE seq = 2",
        "UPDATE content SET fields = '[]' WHERE seq = 2",
        "UPDATE content SET fields = '{\"hue\": 1}' WHERE seq = 2",
        "UPDATE content SET fields = 'no JSON' WHERE seq = 2",
        "UPDATE delivery SET purpose = 'of a later version' WHERE out_seq = 2",
        "UPDATE delivery SET author = 'of a later version' WHERE out_seq = 2",
    ],
)
async def test_a_row_that_cannot_be_read_fails_and_the_others_go_out(
    stores: OpenStores,
    customers: Visitors,
    channel: ScriptedChannel,
    sender: Sender,
    clock: ManualClock,
    damage: str,
) -> None:
    await owe(stores, customers, "alice", "答", "再答", now=clock.now())
    await owe(stores, customers, "bob", "答", now=clock.now())
    await stores.change(damage)
    await send_due(sender)
    await send_due(sender)

    assert await states(stores) == [("failed", "unreadable"), ("sent", None), ("sent", None)]


async def test_a_row_in_doubt_that_cannot_be_read_any_more_is_unknown(
    stores: OpenStores, members: Visitors, sender: Sender, channel: ScriptedChannel, clock: ManualClock
) -> None:
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    channel.will(OutcomeUnknown("cut off"))
    await send_due(sender)
    await stores.change("UPDATE message SET kind = 'hologram' WHERE seq = 2")
    await clock.advance(60)
    await send_due(sender)

    assert await states(stores) == [("unknown", "unreadable")]


async def test_an_attempt_of_a_dead_process_through_an_api_of_another_version_is_unknown(
    stores: OpenStores, customers: Visitors, sender: Sender, channel: ScriptedChannel, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock, holder="dead")
    await begin(stores, clock, row, holder="dead")
    await stores.change("UPDATE delivery SET api = 'telepathy'")
    await clock.advance(30)
    await send_due(sender)

    assert (channel.calls, await states(stores)) == ([], [("unknown", "outcome_unknown")])


async def test_destroyed_content_is_refused_without_an_attempt(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await stores.change("DELETE FROM content WHERE seq = 2")
    await send_due(sender)

    assert channel.calls == []
    assert await states(stores) == [("refused", "content_destroyed")]
