"""Followers and tags of an official account: imported, reconciled, by page, and never half."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from content.messages import Follow, Unfollow
from handlers.delivery.errors import AccountBlocked, OutcomeUnknown, QuotaExhausted, RetryLater
from storage.sync_runs import NewSync
from tests.contract.sync.house import House
from tests.fakes.clock import ManualClock
from tests.fakes.registers import SINCE
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

_PEOPLE = [f"o{number}" for number in range(8)]


@pytest.fixture
def visitors(house: House, clock: ManualClock) -> Visitors:
    """Return people who write to the account."""
    return Visitors(house.stores.log, house.service, clock)


async def test_followers_whom_nobody_has_met_become_customers_with_what_the_platform_says(
    house: House, stores: OpenStores
) -> None:
    house.followers.people = _PEOPLE
    house.followers.unions = {"o1": "u1"}
    house.followers.tagging = {"车险客户": ["o1", "o5"]}
    run = await house.sync_followers()
    known = await stores.one(
        "SELECT i.union_id, i.union_checked_at, f.scene, f.code, r.followed_at FROM identity i"
        " JOIN follower f ON f.identity_id = i.id JOIN reach r ON r.identity_id = i.id WHERE i.external_id = 'o1'"
    )

    assert (run.state, run.seen, run.new, run.changed, run.gone, run.tagged) == ("finished", 8, 8, 0, 0, 2)
    assert await house.follows() == dict.fromkeys(_PEOPLE, True)
    assert await house.tagged() == {("车险客户", "o1"), ("车险客户", "o5")}
    assert (known["union_id"], known["scene"], known["code"]) == ("u1", "ADD_SCENE_QR_CODE", "poster")
    assert known["followed_at"] == int(SINCE.timestamp() * 1_000_000)
    assert known["union_checked_at"] is not None
    assert await stores.count("staged_follower") + await stores.count("staged_tagged") == 0


async def test_a_second_run_finds_what_has_changed_and_asks_about_new_people_only(
    house: House, clock: ManualClock
) -> None:
    house.followers.people = _PEOPLE
    house.followers.tagging = {"车险客户": ["o1", "o5"], "旧": ["o2"]}
    await house.sync_followers()
    await clock.advance(3600)
    house.followers.calls.clear()
    house.followers.people = [*_PEOPLE[1:], "new"]
    house.followers.tagging = {"车险客户": ["o5", "o6"]}
    run = await house.sync_followers()

    assert (run.new, run.changed, run.gone, run.tagged, run.untagged) == (1, 0, 1, 1, 2)
    assert [call for call in house.followers.calls if call.startswith("ask")] == ["ask new"]
    assert (await house.follows())["o0"] is False
    assert await house.tagged() == {("车险客户", "o5"), ("车险客户", "o6")}
    assert "gone tag 旧" in await house.found(run)
    again = await house.sync_followers()
    assert (again.new, again.changed, again.gone, again.tagged, again.untagged) == (0, 0, 0, 0, 0)


async def test_who_came_back_while_nobody_told_us_follows_again(house: House, clock: ManualClock) -> None:
    house.followers.people = _PEOPLE
    await house.sync_followers()
    await clock.advance(3600)
    house.followers.people = _PEOPLE[1:]
    await house.sync_followers()
    await clock.advance(3600)
    house.followers.people = _PEOPLE
    run = await house.sync_followers()

    assert (run.new, run.changed, run.gone) == (0, 1, 0)
    assert (await house.follows())["o0"] is True


async def test_what_somebody_does_while_the_run_goes_on_counts(
    house: House, visitors: Visitors, clock: ManualClock
) -> None:
    house.followers.people = _PEOPLE
    await house.sync_followers()
    await clock.advance(3600)
    house.followers.people = _PEOPLE[:-1]
    house.followers.errors = [None, None, None, RetryLater("busy")]

    async def act() -> None:
        await visitors.do("o1", Unfollow(), followed=False)
        await visitors.do("late", Follow(), followed=True)

    # The run waits a second for the platform: in that time o1 leaves and somebody follows who is not on the list.
    await _meanwhile(house, clock, act)
    follows = await house.follows()

    assert follows["o1"] is False, "the callback is newer than the list"
    assert follows["late"] is True
    assert follows["o7"] is False


async def _meanwhile(house: House, clock: ManualClock, act: Callable[[], Awaitable[None]]) -> None:
    running = asyncio.create_task(house.sync_followers())
    while house.followers.errors:  # noqa: ASYNC110 - the fake has no event, and it is a few turns
        await asyncio.sleep(0.001)
    await clock.advance(0.5)
    await act()
    while not running.done():
        await clock.advance(1)
        await asyncio.sleep(0.001)
    await running


async def test_one_person_on_two_accounts_is_one_customer(house: House, stores: OpenStores, clock: ManualClock) -> None:
    other = (await stores.accounts.bring_in([("other", "wechat", "wx-other", "另一个号")]))["other"]
    said = await Visitors(stores.log, other, clock).say("there", "你好")
    customer = await stores.customers.note_union_id(identity_id=said.person.identity_id, union_id="u1", now=clock.now())
    met = await Visitors(stores.log, house.service, clock).say("o2", "你好")
    house.followers.people = ["o1", "o2", "o3"]
    house.followers.unions = {"o1": "u1", "o2": "u2", "o3": "u2-not"}
    await house.sync_followers()
    rows = await stores.rows("SELECT external_id, customer_id, union_id FROM identity ORDER BY id")
    customers = {row["external_id"]: (row["customer_id"], row["union_id"]) for row in rows}

    assert customers["o1"] == (customer, "u1"), "a new identity of a known unionid"
    assert customers["o2"] == (met.person.customer_id, "u2"), "learnt of somebody known"
    assert len({customer_id for customer_id, _ in customers.values()}) == 3
    assert await stores.count("customer") == 3, "nobody was made who is nobody"


async def test_a_dry_run_reports_the_same_and_changes_nothing(house: House, stores: OpenStores) -> None:
    house.followers.people = _PEOPLE
    house.followers.tagging = {"车险客户": ["o1"]}
    dry = await house.sync_followers(is_dry_run=True)
    counts = [await stores.count(name) for name in ("identity", "customer", "reach", "follower", "identity_tag", "tag")]
    real = await house.sync_followers()

    assert counts == [0] * 6
    assert (dry.seen, dry.new, dry.gone, dry.tagged) == (real.seen, real.new, real.gone, real.tagged) == (8, 8, 0, 1)
    assert dry.is_dry_run
    assert not real.is_dry_run


async def test_a_list_that_is_too_short_changes_nothing_until_somebody_says_so(
    house: House, clock: ManualClock
) -> None:
    house.followers.people = _PEOPLE
    await house.sync_followers()
    await clock.advance(3600)
    house.followers.people = [*_PEOPLE[:4], "new"]
    stopped = await house.sync_followers()
    before = await house.follows()
    forced = await house.resume(is_forced=True)

    assert (stopped.state, stopped.new, stopped.gone) == ("stopped", 0, 0)
    assert "8 关注者里有 4 个不在平台给出的名单上" in stopped.detail
    assert before == dict.fromkeys(_PEOPLE, True)
    assert forced is not None
    assert (forced.state, forced.new, forced.gone) == ("finished", 1, 4)


async def test_a_list_shorter_than_the_platforms_own_count_changes_nothing(house: House) -> None:
    house.followers.people = _PEOPLE
    house.followers.claims = 100
    stopped = await house.sync_followers()
    assert (stopped.state, await house.follows()) == ("stopped", {})
    assert "平台说有 100 个关注者，名单里只有 8 个" in stopped.detail


async def test_a_quota_is_waited_for_and_the_run_goes_on_where_it_stood(house: House, clock: ManualClock) -> None:
    house.followers.people = _PEOPLE
    until = clock.now() + timedelta(hours=6)
    house.followers.errors = [None, None, QuotaExhausted("45009", code=45009, until=until)]
    waiting = await house.sync_followers()
    asked = len(house.followers.calls)
    again = await house.resume(holder="two")

    assert (waiting.state, waiting.resume_at, waiting.position) == ("waiting", until, "o5")
    assert again is not None
    assert (again.state, again.new) == ("finished", 8)
    assert house.followers.calls[asked] == "list o5"


async def test_what_the_platform_forbids_fails_and_can_be_resumed_once_it_is_mended(house: House) -> None:
    house.followers.people = _PEOPLE
    house.followers.errors = [None, AccountBlocked("48001: api unauthorized", code=48001)]
    failed = await house.sync_followers()
    mended = await house.resume()

    assert (failed.state, "48001" in failed.detail) == ("failed", True)
    assert mended is not None
    assert mended.state == "finished"
    assert await house.resume() is None, "nothing is left to go on with"


async def test_a_lost_answer_is_asked_for_again(house: House, clock: ManualClock) -> None:
    house.followers.people = _PEOPLE
    house.followers.errors = [OutcomeUnknown("cut off"), RetryLater("busy")]
    running = asyncio.create_task(house.sync_followers())
    while not running.done():
        await clock.advance(1)
        await asyncio.sleep(0.001)
    assert (await running).new == 8


async def test_the_list_begins_anew_when_the_follower_at_its_place_has_left(house: House, clock: ManualClock) -> None:
    house.followers.people = list(_PEOPLE)
    house.followers.errors = [None, QuotaExhausted("45009", code=45009, until=clock.now())]
    await house.sync_followers()
    house.followers.people.remove("o2")
    run = await house.resume()
    assert run is not None
    assert (run.state, run.new, "o2" in await house.follows()) == ("finished", 7, False)


async def test_one_whom_the_platform_does_not_know_holds_up_nobody_else(house: House) -> None:
    house.followers.people = _PEOPLE
    house.followers.strange = {"o3"}
    run = await house.sync_followers()
    assert (run.state, run.new, run.seen) == ("finished", 7, 7)
    assert "o3" not in await house.follows()


async def test_after_each_piece_that_is_written_here_others_have_their_turn(house: House) -> None:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    house.followers.people = _PEOPLE
    house.pause = pause
    await house.sync_followers()
    # A piece of people, and the end of each of the four stages.
    assert len(paused) == 5
    assert all(seconds > 0 for seconds in paused)


async def test_two_processes_do_not_work_at_one_account(house: House, clock: ManualClock) -> None:
    house.followers.people = _PEOPLE
    first, second = house.syncs(), house.syncs(holder="two")
    now = clock.now()
    wanted = NewSync(what="followers", account_id=house.service.id, stage="list", started_by="test")
    run = await first.runs.begin(wanted, holder="one", now=now, until=now + timedelta(minutes=3))
    assert run is not None
    assert await second.start(second.works[0], started_by="test") is None
    assert await second.resume(second.works[0]) is None
    await clock.advance(181)
    taken = await second.resume(second.works[0])
    assert taken is not None
    assert (taken.state, taken.id) == ("finished", run.id)
