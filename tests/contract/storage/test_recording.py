"""What arrives is recorded once, in order, with its work item."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from content.messages import Event, Follow, MenuClick, Unfollow
from storage.records import AccountRow
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import THREE_IN_A_MINUTE, Visitors


async def test_a_message_gets_a_seq_a_work_item_and_a_lease(stores: OpenStores, visitors: Visitors) -> None:
    recorded = await visitors.say("alice", "你好")

    assert (recorded.seq, recorded.is_new, recorded.epoch) == (1, True, 1)
    message = await stores.one("SELECT * FROM message")
    assert (message["direction"], message["kind"], message["month"]) == ("in", "text", 202605)
    assert (await stores.one("SELECT * FROM work"))["state"] == "ready"


async def test_the_month_is_that_of_the_platform(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    await clock.advance((30 * 24 + 6.5) * 3600)  # 31 May 16:00 UTC is midnight of 1 June in UTC+8
    await visitors.say("alice", "你好")

    assert (await stores.one("SELECT month FROM message"))["month"] == 202606


async def test_a_repeated_key_is_the_same_message(stores: OpenStores, visitors: Visitors) -> None:
    first = await visitors.say("alice", "你好", key="m:a:alice:1")
    again = await visitors.say("alice", "你好", key="m:a:alice:1")

    assert (again.seq, again.is_new, again.epoch) == (first.seq, False, None)
    assert again.person.identity_id == first.person.identity_id
    assert await stores.count("message") == await stores.count("work") == 1


async def test_a_key_that_comes_twice_in_one_batch_is_recorded_once(stores: OpenStores, visitors: Visitors) -> None:
    recorded = await asyncio.gather(*(visitors.say("alice", "你好", key="m:a:alice:1") for _ in range(5)))

    assert {one.seq for one in recorded} == {1}
    assert [one.is_new for one in recorded].count(True) == 1
    assert await stores.count("message") == 1


async def test_two_processes_that_get_the_same_push_record_it_once(
    stores: OpenStores, other_stores: OpenStores, account: AccountRow, clock: ManualClock
) -> None:
    one, other = Visitors(stores.log, account, clock), Visitors(other_stores.log, account, clock, holder="web-2")

    keys = [f"m:a:p{n % 7}:{n}" for n in range(60)]
    found = await asyncio.gather(*(who.say(key.split(":")[2], "你好", key=key) for key in keys for who in (one, other)))

    assert await stores.count("message") == len(keys)
    assert sum(recorded.is_new for recorded in found) == len(keys)
    pairs = zip(found[::2], found[1::2], strict=True)
    assert all(mine.seq == theirs.seq for mine, theirs in pairs)


async def test_the_same_msgid_from_two_people_is_two_messages(stores: OpenStores, visitors: Visitors) -> None:
    one = await visitors.say("alice", "你好", key="m:gh:alice:1000")
    other = await visitors.say("bob", "你好", key="m:gh:bob:1000")

    assert (one.is_new, other.is_new) == (True, True)
    assert one.person.customer_id != other.person.customer_id
    assert await stores.count("message") == 2


async def test_each_account_counts_its_own_seq_without_gaps(
    stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    writers = {name: Visitors(stores.log, row, clock) for name, row in accounts.items()}
    await asyncio.gather(
        *(writers[name].say(f"p{n % 5}", f"{n}") for n in range(40) for name in accounts),
        *(writers["service"].say("p1", "again", key="m:one") for _ in range(4)),
    )

    for row in accounts.values():
        found = [r["seq"] for r in await stores.rows("SELECT seq FROM message WHERE account_id = :a", a=row.id)]
        expected = 41 if row.name == "service" else 40
        assert sorted(found) == list(range(1, expected + 1))
        assert (await stores.one("SELECT last_seq FROM account WHERE id = :a", a=row.id))["last_seq"] == expected


async def test_a_process_that_comes_later_goes_on_counting(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock, database_url: str, tmp_path: Path
) -> None:
    await visitors.say("alice", "一")
    later = open_stores(database_url, home=tmp_path)
    recorded = await Visitors(later.log, account, clock, holder="web-2").say("alice", "二")
    await later.close()

    assert recorded.seq == 2


async def test_six_hours_of_silence_open_a_new_conversation(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    await clock.advance(6 * 3600 - 1)
    still = await visitors.say("alice", "二")
    await clock.advance(6 * 3600)
    opened = await visitors.say("alice", "三")

    assert still.person.conversation_id == first.person.conversation_id
    assert opened.person.conversation_id != first.person.conversation_id
    closed = await stores.rows("SELECT closed_at FROM conversation ORDER BY id")
    assert [row["closed_at"] is None for row in closed] == [False, True]


async def test_a_new_conversation_keeps_what_is_known_of_the_person(visitors: Visitors, clock: ManualClock) -> None:
    followed = await visitors.do("alice", Follow(), followed=True)
    await clock.advance(7 * 3600)
    later = await visitors.say("alice", "还在吗")

    assert later.person.followed is True
    assert later.person.identity_id == followed.person.identity_id
    assert later.epoch == (followed.epoch or 0) + 1


async def test_the_quota_becomes_the_higher_and_lasts_until_the_later_end(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    start = clock.now()
    said = await visitors.say("alice", "你好")
    await stores.change("UPDATE reach SET quota_left = 1")
    await clock.advance(10)
    tapped = await visitors.do("alice", MenuClick(key="k"), grant=THREE_IN_A_MINUTE)

    assert (said.person.quota_left, said.person.quota_until) == (5, start + timedelta(hours=48))
    assert (tapped.person.quota_left, tapped.person.quota_until) == (3, said.person.quota_until)


async def test_a_tap_does_not_lower_the_quota(visitors: Visitors, clock: ManualClock) -> None:
    await visitors.say("alice", "你好")
    tapped = await visitors.do("alice", MenuClick(key="k"), grant=THREE_IN_A_MINUTE)

    assert tapped.person.quota_left == 5


async def test_a_quota_that_has_ended_counts_for_nothing(visitors: Visitors, clock: ManualClock) -> None:
    await visitors.say("alice", "你好")
    await clock.advance(48 * 3600)
    tapped = await visitors.do("alice", MenuClick(key="k"), grant=THREE_IN_A_MINUTE)

    assert tapped.person.quota_left == 3
    assert tapped.person.quota_until is not None
    assert (tapped.person.quota_until - clock.now()).total_seconds() == 60


async def test_an_act_that_grants_nothing_leaves_the_quota(visitors: Visitors) -> None:
    said = await visitors.say("alice", "你好")
    left = await visitors.do("alice", Unfollow(), followed=False)

    assert (left.person.quota_left, left.person.quota_until) == (said.person.quota_left, said.person.quota_until)


async def test_following_is_learnt_from_acts_and_kept_by_messages(visitors: Visitors) -> None:
    states = [
        (await visitors.say("alice", "你好")).person.followed,
        (await visitors.do("alice", Follow(), followed=True)).person.followed,
        (await visitors.say("alice", "你好")).person.followed,
        (await visitors.do("alice", Unfollow(), followed=False)).person.followed,
    ]

    assert states == [None, True, True, False]


async def test_an_act_of_the_person_makes_them_reachable_again(stores: OpenStores, visitors: Visitors) -> None:
    await visitors.say("alice", "你好")
    await stores.change("UPDATE reach SET unreachable = 'blocked'")

    assert (await visitors.say("alice", "我回来了")).person.unreachable is None


async def test_what_the_platform_reports_by_itself_is_no_act_of_the_person(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    said = await visitors.say("alice", "你好")
    await stores.change("UPDATE reach SET unreachable = 'blocked'")
    await clock.advance(7 * 3600)
    receipt = await visitors.do("alice", Event(kind="templatesendjobfinish", fields={"Status": "failed:user block"}))
    back = await visitors.say("alice", "我回来了")

    assert receipt.person.unreachable == "blocked"
    assert receipt.person.conversation_id == said.person.conversation_id != back.person.conversation_id
    assert back.person.unreachable is None


async def test_a_receipt_beside_words_does_not_keep_the_old_conversation_open(
    visitors: Visitors, clock: ManualClock
) -> None:
    said = await visitors.say("alice", "你好")
    await clock.advance(7 * 3600)
    receipt, back = await asyncio.gather(
        visitors.do("alice", Event(kind="templatesendjobfinish", fields={})), visitors.say("alice", "我回来了")
    )

    assert (receipt.seq, back.seq) == (2, 3)
    assert back.person.conversation_id != said.person.conversation_id


async def test_what_is_only_logged_leaves_no_work_and_no_lease(stores: OpenStores, visitors: Visitors) -> None:
    recorded = await visitors.say("alice", "你好", handle=False)

    assert (recorded.is_new, recorded.epoch) == (True, None)
    assert await stores.count("work") == 0


async def test_one_person_on_two_accounts_of_a_realm_is_one_customer(
    stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    one = await Visitors(stores.log, accounts["service"], clock).say("alice", "你好")
    other = await Visitors(stores.log, accounts["second"], clock).say("alice", "你好")
    elsewhere = await Visitors(stores.log, accounts["assistant"], clock).say("alice", "你好")

    assert one.person.identity_id == other.person.identity_id
    assert one.person.conversation_id != other.person.conversation_id
    assert elsewhere.person.customer_id != one.person.customer_id


@pytest.mark.parametrize("order", ["same", "opposite"])
async def test_two_processes_that_meet_the_same_new_people_on_two_accounts_make_them_once(
    stores: OpenStores, other_stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock, order: str
) -> None:
    one = Visitors(stores.log, accounts["service"], clock)
    other = Visitors(other_stores.log, accounts["second"], clock, holder="web-2")
    people = [f"p{n:03}" for n in range(80)]
    theirs = people if order == "same" else people[::-1]
    mine, found = await asyncio.gather(
        asyncio.gather(*(one.say(person, "你好") for person in people)),
        asyncio.gather(*(other.say(person, "你好") for person in theirs)),
    )

    by_name = {recorded.person.external_id: recorded.person.identity_id for recorded in mine}
    assert by_name == {recorded.person.external_id: recorded.person.identity_id for recorded in found}
    assert await stores.count("identity") == await stores.count("customer") == len(people)
    assert await stores.count("message") == 2 * len(people)


async def test_two_processes_that_meet_new_people_in_opposite_order_do_not_wait_for_each_other(
    stores: OpenStores, other_stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    """A deadlock costs both batches a second and then a transaction an item."""
    if stores.database.is_sqlite:
        pytest.skip("SQLite writes one transaction at a time")
    one = Visitors(stores.log, accounts["service"], clock)
    other = Visitors(other_stores.log, accounts["second"], clock, holder="web-2")
    await asyncio.gather(one.say("warm", "起"), other.say("warm", "起"))
    for round_ in range(3):
        people = [f"p{round_}-{n:03}" for n in range(150)]
        await asyncio.gather(
            *(one.say(person, "你好") for person in people), *(other.say(person, "你好") for person in people[::-1])
        )

    await stores.rows("SELECT pg_stat_force_next_flush()")
    counted = await stores.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert counted["deadlocks"] == 0


async def test_a_batch_keeps_the_order_in_which_it_was_given(visitors: Visitors) -> None:
    recorded = await asyncio.gather(*(visitors.say(f"p{n % 3}", str(n)) for n in range(30)))

    assert [one.seq for one in recorded] == list(range(1, 31))
    assert [one.epoch for one in recorded] == [1, 1, 1] + [None] * 27
