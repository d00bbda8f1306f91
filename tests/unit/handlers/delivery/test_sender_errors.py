"""The sending loop and the platform's errors: what each makes of a message, and when it is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.delivery.errors import (
    AccountBlocked,
    Misconfigured,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    RetryLater,
    TokenRefused,
    Unreachable,
    WindowClosed,
)
from handlers.delivery.sender import Sender
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import START, ManualClock
from tests.fakes.sending import owe, send_due
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors
from tests.unit.handlers.delivery.delivery_rows import states


@pytest.mark.parametrize(
    ("error", "state", "reason", "quota"),
    [
        (RetryLater("busy", code=-1), "retry", "busy", 5),
        (TokenRefused("old", code=40001), "retry", "token_refused", 5),
        (QuotaExhausted("daily", code=45009, until=START + timedelta(hours=3)), "retry", "quota_exhausted", 5),
        (QuotaExhausted("five", code=45047), "refused", "quota_exhausted", 0),
        (WindowClosed("late", code=45015), "refused", "window_closed", 0),
        (Unreachable("gone", code=43019), "refused", "unreachable", 5),
        (Rejected("too long", code=45002), "failed", "rejected", 5),
        (Misconfigured("no right", code=48008), "failed", "misconfigured", 5),
        (AccountBlocked("banned", code=48004), "retry", "misconfigured", 5),
        (OutcomeUnknown("cut off"), "unknown", "outcome_unknown", 4),
        (RuntimeError("a mistake of ours"), "unknown", "unexpected", 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_each_error_has_its_state(
    stores: OpenStores,
    customers: Visitors,
    channel: ScriptedChannel,
    sender: Sender,
    clock: ManualClock,
    error: Exception,
    state: str,
    reason: str,
    quota: int,
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    channel.will(error)
    await send_due(sender)

    assert await states(stores) == [(state, reason)]
    attempt = await stores.one("SELECT * FROM delivery_attempt")
    assert (attempt["outcome"], attempt["detail"], attempt["code"]) == (state, reason, getattr(error, "code", None))
    assert (await stores.one("SELECT quota_left FROM reach"))["quota_left"] == quota


async def test_a_busy_platform_is_tried_again_when_it_says_and_given_up_in_the_end(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    channel.will(*(RetryLater("busy", after=timedelta(seconds=60)) for _ in range(3)))
    calls = []
    for _ in range(4):
        await send_due(sender)
        calls.append(len(channel.calls))
        await clock.advance(59)
        await send_due(sender)
        calls.append(len(channel.calls))
        await clock.advance(2)

    assert calls == [1, 1, 2, 2, 3, 3, 3, 3]
    assert await states(stores) == [("failed", "busy")]


async def test_a_message_waits_for_the_quota_as_long_as_the_platform_says(
    stores: OpenStores, members: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    channel.will(QuotaExhausted("hourly", until=clock.now() + timedelta(hours=1)))
    await send_due(sender)
    await clock.advance(3599)
    await send_due(sender)
    early = len(channel.calls)
    await clock.advance(3)
    await send_due(sender)

    assert (early, len(channel.calls)) == (1, 2)
    assert await states(stores) == [("sent", None)]


async def test_who_cannot_be_reached_is_not_written_to_until_they_act(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "一", "二", now=clock.now())
    channel.will(Unreachable("blocked"))
    await send_due(sender)
    await send_due(sender)
    await owe(stores, customers, "alice", "三", now=clock.now())
    await send_due(sender)

    assert [words for _, words in channel.said] == ["一", "三"]
    assert await states(stores) == [("refused", "unreachable"), ("refused", "unreachable: blocked"), ("sent", None)]
