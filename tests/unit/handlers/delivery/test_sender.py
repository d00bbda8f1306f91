"""The sending loop: what becomes of a message for each answer of the platform, and in which order people hear it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from content.messages import Text, Unfollow
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
from handlers.delivery.ports import Receipt
from handlers.delivery.sender import Sender
from storage.records import AccountRow, ConsentDraft
from tests.fakes.channel import Call, ScriptedChannel
from tests.fakes.clock import START, ManualClock
from tests.fakes.sending import application, begin, claim, official, owe, send_due, sender_of
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import Visitors, lease_of, turn


@pytest.fixture
async def stores(sqlite_url: str, tmp_path: Path) -> AsyncIterator[OpenStores]:
    """Return the repositories on a file."""
    opened = open_stores(sqlite_url, home=tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def accounts(stores: OpenStores) -> dict[str, AccountRow]:
    """Return an official account and a WeCom application."""
    return await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("assistant", "wecom", "ww-realm", "助手")]
    )


@pytest.fixture
def customers(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return people who write to the official account."""
    return Visitors(stores.log, accounts["service"], clock)


@pytest.fixture
def members(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return members of staff, who write to the application."""
    return Visitors(stores.log, accounts["assistant"], clock)


@pytest.fixture
def channel() -> ScriptedChannel:
    """Return the channel of both accounts."""
    return ScriptedChannel()


@pytest.fixture
def sender(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock, channel: ScriptedChannel) -> Sender:
    """Return the sending loop of both accounts."""
    outlets = {accounts["service"].id: official(channel), accounts["assistant"].id: application(channel)}
    return sender_of(stores, clock, outlets, max_attempts=3)


async def _states(stores: OpenStores) -> list[tuple[str, str | None]]:
    rows = await stores.rows("SELECT state, reason FROM delivery ORDER BY id")
    return [(row["state"], row["reason"]) for row in rows]


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

    assert await _states(stores) == [(state, reason)]
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
    assert await _states(stores) == [("failed", "busy")]


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
    assert await _states(stores) == [("sent", None)]


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
    assert await _states(stores) == [("refused", "unreachable"), ("refused", "unreachable: blocked"), ("sent", None)]


async def test_who_has_unfollowed_is_not_written_to(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await customers.do("alice", Unfollow(), followed=False)
    await send_due(sender)

    assert channel.calls == []
    assert await _states(stores) == [("refused", "unfollowed")]


async def test_the_last_of_the_replies_is_kept_for_a_person(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", *"一二三四五六", now=clock.now())
    await stores.change("UPDATE delivery SET author = 'person' WHERE out_seq = 7")
    for _ in range(6):
        await send_due(sender)

    assert [words for _, words in channel.said] == ["一", "二", "三", "四", "六"]
    assert await _states(stores) == [
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

    assert await _states(stores) == [("refused", "quota_exhausted")]


async def test_after_the_window_nothing_goes_out(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await clock.advance(48 * 3600)
    await send_due(sender)

    assert channel.calls == []
    assert await _states(stores) == [("refused", "window_closed")]


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

    assert await _states(stores) == [state]
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
    assert await _states(stores) == [("refused", "consent_withdrawn")]


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

    assert await _states(stores) == [("sent", None)] * 3


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

    assert await _states(stores) == [("failed", "unreadable"), ("sent", None), ("sent", None)]


async def test_a_row_in_doubt_that_cannot_be_read_any_more_is_unknown(
    stores: OpenStores, members: Visitors, sender: Sender, channel: ScriptedChannel, clock: ManualClock
) -> None:
    await owe(stores, members, "zhangwei", "答", now=clock.now())
    channel.will(OutcomeUnknown("cut off"))
    await send_due(sender)
    await stores.change("UPDATE message SET kind = 'hologram' WHERE seq = 2")
    await clock.advance(60)
    await send_due(sender)

    assert await _states(stores) == [("unknown", "unreadable")]


async def test_an_attempt_of_a_dead_process_through_an_api_of_another_version_is_unknown(
    stores: OpenStores, customers: Visitors, sender: Sender, channel: ScriptedChannel, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    [row] = await claim(stores, clock, holder="dead")
    await begin(stores, clock, row, holder="dead")
    await stores.change("UPDATE delivery SET api = 'telepathy'")
    await clock.advance(30)
    await send_due(sender)

    assert (channel.calls, await _states(stores)) == ([], [("unknown", "outcome_unknown")])


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
    before = await _states(stores)
    await send_due(of_members)

    assert (before, await _states(stores)) == ([("sent", None), ("due", None)], [("sent", None)] * 2)


async def test_destroyed_content_is_refused_without_an_attempt(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "答", now=clock.now())
    await stores.change("DELETE FROM content WHERE seq = 2")
    await send_due(sender)

    assert channel.calls == []
    assert await _states(stores) == [("refused", "content_destroyed")]


async def test_a_text_longer_than_the_api_takes_is_refused(
    stores: OpenStores, customers: Visitors, channel: ScriptedChannel, sender: Sender, clock: ManualClock
) -> None:
    await owe(stores, customers, "alice", "长" * 683, now=clock.now())
    await send_due(sender)

    assert channel.calls == []
    assert await _states(stores) == [("refused", "too_long")]


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

    assert await _states(stores) == [("sent", None)]
