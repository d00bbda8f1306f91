"""Whoever was erased and follows on stays erased, until they do something themselves."""

from __future__ import annotations

from bot.privacy import build_erasing, build_wishes
from bot.settings import Settings
from content.loader import load_content
from content.messages import Follow
from storage.viewer import COMMAND_LINE
from tests.contract.sync.house import House
from tests.fakes.visitors import Visitors

_PEOPLE = [f"o{number}" for number in range(8)]


async def _erase(house: House, person: str) -> None:
    row = await house.stores.one("SELECT customer_id FROM identity WHERE external_id = :who", who=person)
    settings = Settings(home=house.home)
    wishes = build_wishes(house.stores.database, settings=settings, clock=house.clock)
    await wishes.erase(COMMAND_LINE, row["customer_id"], "asked for")
    await house.clock.advance(180)  # an answer that is under way may hold it up so long
    job = build_erasing(house.stores.database, load_content(None).retention, settings=settings, clock=house.clock)
    assert await job.run() == 1


async def test_a_list_does_not_bring_back_who_was_erased(house: House) -> None:
    house.followers.people = _PEOPLE
    house.followers.unions = {"o1": "u1"}
    house.followers.tagging = {"车险客户": ["o1"]}
    await house.sync_followers()
    await _erase(house, "o1")
    house.followers.calls.clear()
    dry = await house.sync_followers(is_dry_run=True)
    run = await house.sync_followers()

    assert (run.state, run.seen, run.new, run.gone, run.refused) == ("finished", 7, 0, 0, 1)
    assert (dry.seen, dry.new, dry.gone, dry.refused) == (7, 0, 0, 1)
    assert await house.stores.rows("SELECT id FROM identity WHERE external_id = 'o1' OR union_id = 'u1'") == []
    assert await house.stores.count("customer") == 8, "the number of who was erased, and nobody new"
    assert await house.stores.count("staged_follower") == 0
    assert [call for call in house.followers.calls if call.startswith("ask")] == [], "the platform is not asked, either"


async def test_who_acts_after_an_erasure_is_somebody_new_whom_the_list_may_name(house: House) -> None:
    house.followers.people = _PEOPLE
    await house.sync_followers()
    await _erase(house, "o1")
    await Visitors(house.stores.log, house.service, house.clock).do("o1", Follow(), followed=True)
    await house.clock.advance(3600)
    house.followers.tagging = {"车险客户": ["o1"]}
    run = await house.sync_followers()

    assert (run.seen, run.new, run.refused) == (8, 0, 0)
    assert await house.tagged() == {("车险客户", "o1")}


async def test_an_erasure_while_a_run_goes_on_counts(house: House) -> None:
    house.followers.people = _PEOPLE
    await house.sync_followers()
    syncs = house.syncs()
    [followers, _] = syncs.works
    house.followers.unions = {"o1": "u1"}
    caught: list[str] = []

    async def pause(_: float) -> None:
        if not caught:
            caught.append("o1")
            await _erase(house, "o1")

    house.pause = pause
    run = await house.sync_followers()
    assert followers is not None
    assert caught == ["o1"]
    assert run.state == "finished"
    assert await house.stores.rows("SELECT id FROM identity WHERE external_id = 'o1'") == []
