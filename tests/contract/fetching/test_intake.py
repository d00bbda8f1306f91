"""What becomes of what was fetched: a servicer's words, whose turn it is, what did not arrive, who wants nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from content.customer_service import Rejecting, Served, Undelivered
from content.messages import Event
from storage.receipts import Receipts
from tests.contract.fetching.conftest import Fetcher, OpenFetcher
from tests.fakes.clock import START, ManualClock
from tests.fakes.feed import KeptMessages
from tests.fakes.stores import OpenStores


async def _reach(stores: OpenStores) -> dict[str, Any]:
    return await stores.one("SELECT served_by, served_until, unreachable, quota_left FROM reach")


async def _sent(stores: OpenStores, fetcher: Fetcher, feed: KeptMessages) -> str:
    """Let a customer ask and the answer be sent; return the id under which the platform knows it."""
    feed.add("您好", at=fetcher.desk.clock.now())
    await fetcher.pulls.ring(fetcher.account_id, token=None, now=fetcher.desk.clock.now())
    await fetcher.fetch()
    row = await stores.one("SELECT id, idempotency_key FROM delivery ORDER BY id DESC LIMIT 1")
    await stores.change("UPDATE delivery SET state = 'sent', attempts = 1 WHERE id = :id", id=row["id"])
    return f"id-of-{row['idempotency_key']}"


async def _fetch_more(fetcher: Fetcher) -> None:
    await fetcher.pulls.ring(fetcher.account_id, token=None, now=fetcher.desk.clock.now())
    await fetcher.fetch()


async def test_a_servicers_words_stand_in_the_customers_timeline_and_are_not_answered(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    feed.add("您好，我是张伟。", at=START, staff="ZhangWei")
    await open_fetcher().fetch()
    row = await stores.one(
        "SELECT m.direction, m.kind, c.fields, i.external_id FROM message m JOIN content c ON c.seq = m.seq "
        "JOIN identity i ON i.id = m.identity_id"
    )
    assert (row["direction"], row["kind"], row["external_id"]) == ("out", "text", "wmAlice")
    assert json.loads(row["fields"]) == {"content": "您好，我是张伟。", "staff": "ZhangWei"}
    assert [await stores.count(table) for table in ("work", "delivery", "reply")] == [0, 0, 0]
    assert (await _reach(stores))["served_by"] == "ZhangWei"


async def test_while_a_person_serves_the_bot_is_silent_and_afterwards_answers_again(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    fetcher = open_fetcher()
    feed.add(Served(by="ZhangWei", change="taken"), at=START)
    feed.add("在吗", at=START)
    feed.add("退订", at=START)
    feed.add(Served(by="LiNa", change="transferred"), at=START)
    await fetcher.fetch()
    await fetcher.desk.wait(1)
    assert await stores.rows("SELECT * FROM delivery") == []
    assert await stores.rows("SELECT * FROM work WHERE state <> 'done'") == []
    assert (await stores.one("SELECT state FROM consent_entry"))["state"] == "withdrawn"
    assert (await _reach(stores))["served_by"] == "LiNa"
    feed.add(Served(change="ended"), at=START)
    feed.add("还在吗", at=START)
    await _fetch_more(fetcher)
    assert await stores.count("delivery") == 1
    assert (await _reach(stores))["served_by"] is None


async def test_a_session_whose_end_was_never_told_ends_after_two_days(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, clock: ManualClock
) -> None:
    fetcher = open_fetcher()
    feed.add(Served(by="ZhangWei", change="taken"), at=START)
    await fetcher.fetch()
    await clock.advance(48 * 3600)
    feed.add("在吗", at=clock.now())
    await _fetch_more(fetcher)
    assert await stores.count("delivery") == 1


async def test_sessions_in_the_history_count_and_long_ended_ones_do_not(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    feed.add(Served(by="ZhangWei", change="taken"), at=START - timedelta(days=1), person="wmBob")
    feed.add(Served(by="ZhangWei", change="taken"), at=START - timedelta(days=2, hours=1))
    await open_fetcher().fetch()
    rows = await stores.rows(
        "SELECT i.external_id, r.served_by FROM reach r JOIN identity i ON i.id = r.identity_id ORDER BY 1"
    )
    assert [(row["external_id"], row["served_by"]) for row in rows] == [("wmAlice", None), ("wmBob", "ZhangWei")]


@pytest.mark.parametrize("state", ["sent", "unknown", "attempting", "retry", "claimed"])
async def test_what_did_not_arrive_is_undelivered_from_wherever_the_delivery_stands(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, state: str
) -> None:
    fetcher = open_fetcher()
    known = await _sent(stores, fetcher, feed)
    await stores.change("UPDATE delivery SET state = :state, holder = 'w', lease_until = 1", state=state)
    feed.add(Undelivered(message=known, reason="platform_unknown"), at=START)
    await _fetch_more(fetcher)
    row = await stores.one("SELECT state, reason, platform_id, holder FROM delivery")
    assert row == {"state": "undelivered", "reason": "platform_unknown", "platform_id": known, "holder": None}


@pytest.mark.parametrize("state", ["due", "refused", "failed"])
async def test_what_never_left_cannot_come_back_undelivered(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, state: str
) -> None:
    fetcher = open_fetcher()
    known = await _sent(stores, fetcher, feed)
    await stores.change("UPDATE delivery SET state = :state", state=state)
    feed.add(Undelivered(message=known, reason="platform_unknown"), at=START)
    feed.add(Undelivered(message="of another program", reason="platform_unknown"), at=START)
    await _fetch_more(fetcher)
    assert (await stores.one("SELECT state FROM delivery"))["state"] == state


@pytest.mark.parametrize(
    ("reason", "left", "unreachable"),
    [
        ("quota_exhausted", 0, None),
        ("window_closed", 0, None),
        ("rejected_by_customer", 5, "rejected_by_customer"),
        ("nobody_signed_in", 5, None),
    ],
)
async def test_a_failure_teaches_how_the_customer_can_be_reached(
    open_fetcher: OpenFetcher,
    feed: KeptMessages,
    stores: OpenStores,
    clock: ManualClock,
    reason: str,
    left: int,
    unreachable: str | None,
) -> None:
    fetcher = open_fetcher()
    known = await _sent(stores, fetcher, feed)
    await clock.advance(1)
    feed.add(Undelivered(message=known, reason=reason), at=clock.now())
    await _fetch_more(fetcher)
    reach = await _reach(stores)
    assert (reach["quota_left"], reach["unreachable"]) == (left, unreachable)
    feed.add("您好", at=clock.now())
    await _fetch_more(fetcher)
    reach = await _reach(stores)
    assert (reach["quota_left"], reach["unreachable"]) == (5, None)


async def test_an_older_failure_says_nothing_of_what_the_customer_did_since(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    fetcher = open_fetcher()
    known = await _sent(stores, fetcher, feed)
    feed.add(Undelivered(message=known, reason="quota_exhausted"), at=START - timedelta(seconds=1))
    await _fetch_more(fetcher)
    assert (await _reach(stores))["quota_left"] == 5


async def test_a_customer_who_switches_messages_off_gets_none_until_they_want_some(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, clock: ManualClock
) -> None:
    fetcher = open_fetcher()
    await _sent(stores, fetcher, feed)
    await clock.advance(1)
    feed.add(Rejecting(on=True), at=clock.now())
    await _fetch_more(fetcher)
    assert (await _reach(stores))["unreachable"] is not None
    feed.add(Rejecting(on=False), at=clock.now())
    await _fetch_more(fetcher)
    assert (await _reach(stores))["unreachable"] is None


async def test_events_without_behaviour_are_logged_and_make_no_work(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores
) -> None:
    feed.add(Event(kind="user_recall_msg", fields={"recall_msgid": "m1"}), at=START)
    await open_fetcher().fetch()
    assert (await stores.one("SELECT kind FROM message"))["kind"] == "event:user_recall_msg"
    assert await stores.count("work") == 0


async def test_a_receipt_twice_counts_once(
    open_fetcher: OpenFetcher, feed: KeptMessages, stores: OpenStores, clock: ManualClock
) -> None:
    fetcher = open_fetcher()
    known = await _sent(stores, fetcher, feed)
    receipts = Receipts(stores.database, platform_id=lambda key: f"id-of-{key}")
    who = await stores.one("SELECT account_id, identity_id FROM delivery")
    told = [
        await receipts.undelivered(**who, message=known, reason="platform_unknown", now=clock.now()) for _ in range(2)
    ]
    assert told == [True, False]
