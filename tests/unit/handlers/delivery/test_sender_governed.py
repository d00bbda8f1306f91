"""The sending loop and the governor: what may not go out is refused with its reason, or waits."""

from __future__ import annotations

import pytest

from content.messages import Text, Unfollow
from handlers.delivery.sender import Sender
from storage.records import ConsentDraft
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import owe, send_due
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn
from tests.unit.handlers.delivery.delivery_rows import states


async def test_who_has_unfollowed_is_not_written_to(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await customers.do("alice", Unfollow(), followed=False)
    await send_due(sender)

    assert channel.calls == []
    assert await states(stores) == [("refused", "unfollowed")]


async def test_the_last_of_the_replies_is_kept_for_a_person(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", *"一二三四五六", now=clock.now())
    await stores.change("UPDATE delivery SET author = 'person' WHERE out_seq = 7")
    for _ in range(6):
        await send_due(sender)

    assert [words for _, words in channel.said] == ["一", "二", "三", "四", "六"]
    assert await states(stores) == [
        ("sent", None),
        ("sent", None),
        ("sent", None),
        ("sent", None),
        ("refused", "quota_reserved"),
        ("sent", None),
    ]


async def test_a_person_too_is_refused_when_nothing_is_left(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await stores.change("UPDATE delivery SET author = 'person'")
    await stores.change("UPDATE reach SET quota_left = 0")
    await send_due(sender)

    assert await states(stores) == [("refused", "quota_exhausted")]


async def test_after_the_window_nothing_goes_out(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await clock.advance(48 * 3600)
    await send_due(sender)

    assert channel.calls == []
    assert await states(stores) == [("refused", "window_closed")]


@pytest.mark.parametrize(
    ("consent", "state"),
    [
        (None, ("refused", "consent_missing")),
        ("refused", ("refused", "consent_refused")),
        ("withdrawn", ("refused", "consent_withdrawn")),
        ("granted", ("sent", None)),
    ],
)
async def test_marketing_needs_the_customers_consent(
    stores: OpenStores,
    customers: Visitors,
    channel: ScriptedChannel,
    sender: Sender,
    clock: ManualClock,
    consent: str | None,
    state: tuple[str, str | None],
) -> None:
    said = await customers.say("alice", "你好")
    consents = (ConsentDraft(consent="marketing", state=consent, text_version="t1", seq=said.seq),) if consent else ()
    await stores.handling.finish(turn(lease_of(said), [said.seq], now=clock.now(), consents=consents))
    await owe(stores, customers, "alice", "新品上市", now=clock.now(), purpose="marketing")
    await send_due(sender)

    assert await states(stores) == [state]
    assert len(channel.calls) == (consent == "granted")


async def test_a_consent_that_is_withdrawn_after_planning_counts(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    for state in ("granted", "withdrawn"):
        said = await customers.do("alice", Text(content=state))
        consents = (ConsentDraft(consent="marketing", state=state, text_version="t1", seq=said.seq),)
        await stores.handling.finish(turn(lease_of(said), [said.seq], now=clock.now(), consents=consents))
        if state == "granted":
            await owe(stores, customers, "alice", "新品上市", now=clock.now(), purpose="marketing")
    await send_due(sender)

    assert channel.calls == []
    assert await states(stores) == [("refused", "consent_withdrawn")]


async def test_more_than_thirty_a_minute_to_a_member_wait_for_the_minute(
    stores: OpenStores, members: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, members, "zhangwei", *(str(n) for n in range(32)), now=clock.now())
    await owe(stores, members, "lisi", "别人不等", now=clock.now())
    for _ in range(40):
        await send_due(sender)
    sent_at_first = [words for _, words in channel.said]
    waiting = await stores.one("SELECT * FROM delivery WHERE state = 'retry'")
    await clock.advance(59)
    await send_due(sender)
    too_early = len(channel.calls)
    await clock.advance(1)
    for _ in range(3):
        await send_due(sender)

    assert sorted(sent_at_first) == sorted([*(str(n) for n in range(30)), "别人不等"])
    assert (waiting["reason"], waiting["attempts"]) == ("rate_limited", 0)
    assert too_early == 31
    assert [words for _, words in channel.said][31:] == ["30", "31"]


async def test_a_text_longer_than_the_api_takes_is_refused(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "长" * 683, now=clock.now())
    await send_due(sender)

    assert channel.calls == []
    assert await states(stores) == [("refused", "too_long")]
