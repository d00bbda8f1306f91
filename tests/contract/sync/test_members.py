"""Departments and members of a corporation: brought in where a rule says so, taken out when they have left."""

from __future__ import annotations

import pytest

from storage.leaving import Leaving
from storage.organisation import Organisation
from storage.records import StaffRow
from tests.contract.sync.house import House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM
from tests.fakes.stores import OpenStores

_AGENT = ("agent", "上海", "wecom", True)


@pytest.fixture
async def hired(house: House) -> House:
    """Return the house after twelve agents of 上海分公司 were brought in."""
    for number in range(12):
        house.members.hire(f"Agent{number}", 2, name=f"业务员{number}")
    await house.sync_members()
    return house


async def test_members_of_a_department_with_a_rule_become_staff_and_others_are_listed_without_rights(
    house: House, stores: OpenStores
) -> None:
    house.members.hire("ZhangWei", 2, name="张伟")
    house.members.hire("LiNa", 9, 3, name="李娜")
    house.members.hire("Cook", 9, name="老赵")
    house.members.hire("Gone", 2, name="停用的人", is_enabled=False)
    run = await house.sync_members()
    team = await stores.one("SELECT t.name FROM staff s JOIN team t ON t.id = s.team_id WHERE s.userid = 'lina'")

    assert await house.staff() == {"zhangwei": _AGENT, "lina": _AGENT}
    assert team["name"] == "一组"
    assert (run.state, run.seen, run.new, run.unmapped) == ("finished", 3, 2, 1)
    assert "unmapped department 安和人寿/后勤（编号 9）：1 人" in await house.found(run)
    assert await stores.count("department") == 4


async def test_what_the_settings_say_of_a_person_stands(house: House, stores: OpenStores) -> None:
    settings = [
        StaffRow(realm=REALM, userid="LiNa", name="李娜", role="supervisor", branch="北京"),
        StaffRow(realm=REALM, userid="Away", name="不在的人", role="agent", branch="北京"),
    ]
    await Organisation(stores.database).bring_in(settings)
    house.members.hire("lina", 2, name="李娜娜")
    run = await house.sync_members()

    assert await house.staff() == {
        "lina": ("supervisor", "北京", "settings", True),
        "away": ("agent", "北京", "settings", True),
    }
    assert (run.new, run.changed, run.gone, run.refused) == (0, 0, 0, 1)
    [difference] = [words for words in await house.found(run) if words.startswith("refused")]
    assert "不在的人（away）：企业微信里已没有，但 zhike.toml 里还写着" in difference


async def test_the_settings_take_over_whom_wecom_brought_in_and_give_them_back(
    house: House, stores: OpenStores
) -> None:
    organisation = Organisation(stores.database)
    house.members.hire("ZhangWei", 2, name="张伟")
    await house.sync_members()
    await organisation.bring_in(
        [StaffRow(realm=REALM, userid="ZhangWei", name="张伟", role="supervisor", branch="上海")]
    )
    promoted = await house.staff()
    await house.sync_members()
    kept = await house.staff()
    await organisation.bring_in([])
    run = await house.sync_members()

    assert promoted == kept == {"zhangwei": ("supervisor", "上海", "settings", True)}
    assert await house.staff() == {"zhangwei": _AGENT}
    assert run.new == 1


async def test_who_moves_to_another_department_works_there(house: House) -> None:
    house.members.hire("ZhangWei", 2, name="张伟")
    await house.sync_members()
    house.members.hire("ZhangWei", 3, name="张伟")
    run = await house.sync_members()
    same = await house.sync_members()

    assert (run.new, run.changed, same.changed) == (0, 1, 0)
    assert "changed member 张伟（ZhangWei）：上海·一组，agent" in await house.found(run)


async def test_a_leaver_loses_rights_sessions_and_keys(hired: House, stores: OpenStores, clock: ManualClock) -> None:
    staff_id = (await stores.one("SELECT id FROM staff WHERE userid = 'agent1'"))["id"]
    await stores.change(
        "INSERT INTO console_session (digest, staff_id, method, created_at, seen_at) VALUES (:d, :s, 'password', 1, 1)",
        d=b"x",
        s=staff_id,
    )
    await stores.change(
        "INSERT INTO api_key (name, digest, permissions, scope, created_at, created_by)"
        " VALUES ('k', :d, '', 'all', 1, :s)",
        d=b"y",
        s=staff_id,
    )
    del hired.members.people["Agent1"]
    run = await hired.sync_members()
    left = await stores.one("SELECT active, left_at FROM staff WHERE id = :id", id=staff_id)
    session = await stores.one("SELECT ended_at FROM console_session")
    key = await stores.one("SELECT ended_at FROM api_key")
    now = int(clock.now().timestamp() * 1_000_000)

    assert run.gone == 1
    assert (bool(left["active"]), left["left_at"], session["ended_at"], key["ended_at"]) == (False, now, now, now)


async def test_a_disabled_member_has_left_and_who_is_only_out_of_sight_has_not(hired: House) -> None:
    hired.members.hire("Agent1", 2, name="业务员1", is_enabled=False)
    hired.members.hidden.add("Agent2")
    run = await hired.sync_members()
    staff = await hired.staff()

    assert (run.gone, run.refused) == (1, 1)
    assert (staff["agent1"][3], staff["agent2"][3]) == (False, True)
    assert "refused member 业务员2（agent2）：不在应用的可见范围里" in await hired.found(run)


async def test_the_list_of_all_ids_tells_who_is_only_out_of_sight(hired: House) -> None:
    hired.members.knows_all = True
    hired.members.hidden.add("Agent2")
    del hired.members.people["Agent3"]
    await hired.sync_members()
    staff = await hired.staff()
    assert (staff["agent2"][3], staff["agent3"][3]) == (True, False)


async def test_a_list_that_is_too_short_takes_nobody_out_until_somebody_says_so(hired: House) -> None:
    for number in range(3):
        del hired.members.people[f"Agent{number}"]
    stopped = await hired.sync_members()
    before = {who for who, (*_, active) in (await hired.staff()).items() if active}
    forced = await hired.resume(1, is_forced=True)
    after = {who for who, (*_, active) in (await hired.staff()).items() if active}

    assert (stopped.state, len(before)) == ("stopped", 12)
    assert "12 由企业微信带入的员工里有 3 个不在平台给出的名单上" in stopped.detail
    assert forced is not None
    assert (forced.state, forced.gone, len(after)) == ("finished", 3, 9)


async def test_an_empty_list_takes_nobody_out(house: House) -> None:
    house.members.hire("One", 2)
    await house.sync_members()
    house.members.people.clear()
    stopped = await house.sync_members()
    assert (stopped.state, (await house.staff())["one"][3]) == ("stopped", True)


async def test_a_dry_run_writes_nothing_but_its_report(house: House, stores: OpenStores) -> None:
    house.members.hire("ZhangWei", 2, name="张伟")
    run = await house.sync_members(is_dry_run=True)
    assert (run.new, await house.staff(), await stores.count("department")) == (1, {}, 0)


async def test_who_comes_back_works_here_again(hired: House) -> None:
    member = hired.members.people.pop("Agent1")
    await hired.sync_members()
    hired.members.people["Agent1"] = member
    run = await hired.sync_members()
    assert (run.new, (await hired.staff())["agent1"]) == (1, _AGENT)


async def test_an_old_report_of_a_leaving_does_not_count_against_who_was_listed_since(
    hired: House, stores: OpenStores, clock: ManualClock
) -> None:
    leaving = Leaving(stores.database)
    before = clock.now()
    await clock.advance(60)
    await hired.sync_members()
    old = await leaving.told(REALM, "Agent1", at=before, now=clock.now())
    await clock.advance(60)
    told = await leaving.told(REALM, "AGENT1", at=clock.now(), now=clock.now())
    again = await leaving.told(REALM, "agent1", at=clock.now(), now=clock.now())

    assert (old, told is not None, again) == (None, True, None)
    assert (await hired.staff())["agent1"][3] is False
