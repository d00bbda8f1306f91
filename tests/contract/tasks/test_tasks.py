"""Tasks: made once of what the log shows, owned, escalated, told, finished; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.customers import Customers
from storage.records import StaffRow
from storage.task_rows import TaskFilter
from storage.viewer import COMMAND_LINE
from tests.contract.tasks.work import Work
from tests.fakes.clock import ManualClock
from tests.fakes.firm import BRANCHES, REALM, STAFF, Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_a_complaint_becomes_a_task_of_the_customers_agent_with_its_evidence(
    work: Work, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    [task] = await work.undone()

    assert (task.cause, task.title, task.customer_id, task.owner, task.state) == (
        "complaint",
        "客户投诉",
        firm.customers["z1"],
        "Zhang",
        "assigned",
    )
    assert task.due_at == clock.now() + timedelta(minutes=30)
    [evidence] = await stores.rows("SELECT * FROM task_evidence")
    assert (evidence["task_id"], evidence["phrase"]) == (task.id, "投诉")
    said = await stores.one("SELECT max(seq) AS seq FROM message WHERE account_id = 1")
    assert evidence["seq"] == said["seq"]


async def test_reading_the_log_again_makes_nothing_new(work: Work, stores: OpenStores) -> None:
    await work.says("z1", "我要投诉你们")
    await stores.change("DELETE FROM cursor")
    await work.read()
    assert len(await work.undone()) == 1
    assert await stores.count("task_evidence") == 1


async def test_who_wrote_under_another_case_is_told_as_the_person_they_are(
    work: Work, stores: OpenStores, clock: ManualClock
) -> None:
    rows = await stores.accounts.bring_in([])
    said = await Visitors(stores.log, rows["helper"], clock, holder="staff").say("ZHANG", "帮助")
    await work.says("z1", "我要投诉你们")
    await work.round.run()
    [delivery] = await stores.rows("SELECT identity_id FROM delivery")
    assert delivery["identity_id"] == said.person.identity_id


async def test_what_else_a_customer_says_of_it_is_evidence_until_it_is_done_and_then_a_new_task(
    work: Work, stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    await work.says("z1", "再不处理我就打12378")
    [task] = await work.undone()
    done = await work.tasks.finish(task.id, "已回电", viewer=await firm.viewer("zhang"), now=clock.now())
    await work.says("z1", "还是要投诉")

    assert done
    assert [row["task_id"] for row in await stores.rows("SELECT task_id FROM task_evidence ORDER BY id")] == [
        task.id,
        task.id,
        task.id + 1,
    ]
    assert [(each.id, each.state) for each in await work.undone()] == [(task.id + 1, "assigned")]


async def test_one_message_can_show_several_causes_and_most_show_none(work: Work) -> None:
    await work.says("z1", "你们骗人，我要退保，还要投诉")
    await work.says("z2", "请问理赔要什么材料")
    assert {task.cause for task in await work.undone()} == {"complaint", "surrender"}


async def test_what_staff_say_and_what_the_bot_answers_is_no_signal(
    work: Work, stores: OpenStores, clock: ManualClock
) -> None:
    rows = await stores.accounts.bring_in([])
    await Visitors(stores.log, rows["helper"], clock, holder="staff").say("zhang", "客户说要投诉")
    await work.read()
    assert await work.undone() == []


async def test_who_is_nobodys_customer_goes_to_the_one_for_all_or_stays_open(work: Work, firm: Firm) -> None:
    await work.says("nobody's", "我要投诉")
    work.catch_all = await firm.organisation.find("wu")
    await work.says("nobody's", "我要退保")
    assert {(task.cause, task.state, task.owner) for task in await work.undone()} == {
        ("complaint", "open", None),
        ("surrender", "assigned", "Wu"),
    }


async def test_the_owner_is_told_once_and_the_supervisor_when_it_is_late(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    for _ in range(3):
        await work.round.run()
    await clock.advance(29 * 60)
    await work.round.run()
    early = await work.told()
    await clock.advance(60)
    for _ in range(2):
        await work.round.run()
    [task] = await work.undone()
    late = await work.told()

    assert [userid for userid, _ in early] == ["zhang"]
    assert "客户投诉" in early[0][1]
    assert "投诉你们" not in early[0][1], "the customer's words do not leave the log"
    assert [userid for userid, _ in late] == ["zhang", "sun"]
    assert "原由 Zhang 负责" in late[1][1]
    assert (task.owner, task.state) == ("Sun", "escalated")
    assert work.woken == 2


async def test_a_round_that_died_before_it_noted_that_it_told_tells_nobody_twice(
    work: Work, stores: OpenStores
) -> None:
    await work.says("z1", "我要投诉你们")
    await work.round.run()
    await stores.change("UPDATE task SET told_at = NULL")
    await work.round.run()
    assert len(await work.told()) == 1


async def test_without_a_supervisor_a_late_task_stays_with_its_owner_and_is_escalated(
    work: Work, clock: ManualClock
) -> None:
    await work.says("b1", "我要投诉你们")
    await clock.advance(31 * 60)
    await work.round.run()
    assert [(task.owner, task.state) for task in await work.undone()] == [("Zhao", "escalated")]


@pytest.mark.parametrize(
    ("userid", "may"), [("zhang", True), ("li", False), ("sun", True), ("zhao", False), ("wu", True)]
)
async def test_a_task_is_seen_and_finished_within_the_scope_only(
    work: Work, firm: Firm, clock: ManualClock, userid: str, may: bool
) -> None:
    await work.says("z1", "我要投诉你们")
    [task] = await work.undone()
    viewer = await firm.viewer(userid)

    assert bool(await work.tasks.page(viewer=viewer, limit=10)) is may
    assert await work.tasks.finish(task.id, "好", viewer=viewer, now=clock.now()) is may
    assert await work.tasks.finish(task.id, "好", viewer=COMMAND_LINE, now=clock.now()) is not may


async def test_a_supervisor_gives_a_task_to_people_of_the_team_and_they_are_told(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    await work.round.run()
    [task] = await work.undone()
    sun, find = await firm.viewer("sun"), firm.organisation.find
    outside = await work.tasks.assign(task.id, await find("zhao"), viewer=sun, now=clock.now())
    inside = await work.tasks.assign(task.id, await find("li"), viewer=sun, now=clock.now())
    await work.round.run()

    assert (outside, inside) == (False, True)
    assert [userid for userid, _ in await work.told()] == ["zhang", "li"]


async def test_a_task_of_a_merged_customer_names_the_one_that_is_kept(
    work: Work, stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    await work.says("z2", "我要投诉你们")
    kept, gone = firm.customers["z1"], firm.customers["z2"]
    await Customers(stores.database).merge(kept=kept, gone=gone, cause="test", now=clock.now())
    assert [task.customer_id for task in await work.undone()] == [kept]


async def test_somebody_who_never_wrote_to_the_application_is_told_all_the_same(work: Work, stores: OpenStores) -> None:
    before = await stores.count("identity")
    await work.says("z1", "我要投诉你们")
    await work.round.run()
    assert await stores.count("identity") == before + 1
    assert (await stores.one("SELECT state, purpose, author FROM delivery")) == {
        "state": "due",
        "purpose": "service",
        "author": "bot",
    }


async def test_who_is_given_an_overdue_task_has_time_for_it_and_who_gets_it_back_is_told_again(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    await work.round.run()
    await clock.advance(31 * 60)
    await work.round.run()
    [task] = await work.undone()
    sun, find = await firm.viewer("sun"), firm.organisation.find
    for userid in ("li", "zhang"):
        await clock.advance(60)
        await work.tasks.assign(task.id, await find(userid), viewer=sun, now=clock.now())
        await work.round.run()
    [given] = await work.undone()

    assert [userid for userid, _ in await work.told()] == ["zhang", "sun", "li", "zhang"]
    assert (given.owner, given.state, given.due_at) == ("Zhang", "assigned", clock.now() + timedelta(minutes=30 - 1))


async def test_a_late_task_of_who_has_no_team_goes_to_nobody_of_a_foreign_branch(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    loner = replace(STAFF[3], team="")
    boss = StaffRow(realm=REALM, userid="boss", name="Boss", role="supervisor", branch="广州")
    own = StaffRow(realm=REALM, userid="own", name="Own", role="supervisor", branch="北京", team="七组")
    others = [row for row in STAFF if row.userid != "zhao"]
    for staff, owner in (([*others, loner, boss], "Zhao"), ([*others, loner, boss, own], "Own")):
        await firm.organisation.bring_in(staff, branches=BRANCHES)
        await work.says("b1", "我要投诉你们")
        await clock.advance(31 * 60)
        await work.round.run()
        [task] = await work.undone()
        assert (task.owner, task.state) == (owner, "escalated")
        await work.tasks.finish(task.id, "好", viewer=COMMAND_LINE, now=clock.now())


async def test_history_that_is_read_for_the_first_time_opens_nothing(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    await work.visitors.say("z1", "我要投诉你们")
    await clock.advance(26 * 3600)
    await work.read()
    assert await work.undone() == []
    await work.says("z1", "我要投诉你们")
    assert len(await work.undone()) == 1


async def test_a_task_goes_with_its_customer_and_with_its_owner(
    work: Work, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    await work.round.run()
    await clock.advance(1)
    await firm.give("z1", "zhao")
    await work.round.run()
    zhang, zhao = await firm.viewer("zhang"), await firm.viewer("zhao")

    assert [userid for userid, _ in await work.told()] == ["zhang", "zhao"]
    assert await work.tasks.page(viewer=zhang, limit=10) == []
    assert len(await work.tasks.page(viewer=zhao, limit=10)) == 1

    moved = [replace(row, branch="上海", team="一组") if row.userid == "zhao" else row for row in STAFF]
    await firm.organisation.bring_in(moved, branches=BRANCHES)
    assert len(await work.tasks.page(viewer=await firm.viewer("sun"), limit=10)) == 1


async def test_what_lies_with_who_has_left_or_with_nobody_is_given_on(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    await work.says("z1", "我要投诉你们")
    await work.says("nobody's", "我要投诉你们")
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "zhang"], branches=BRANCHES)
    await firm.give("nobody's", "li")
    await work.round.run()

    assert {(task.customer_id, task.owner) for task in await work.undone()} == {
        (firm.customers["z1"], "Sun"),
        (firm.customers["nobody's"], "Li"),
    }


async def test_an_owner_whose_number_no_staff_can_have_has_no_tasks(work: Work) -> None:
    await work.says("z1", "我要投诉你们")
    wanted = TaskFilter(owner_id=2**63 - 1)
    assert await work.tasks.page(viewer=COMMAND_LINE, limit=10, wanted=wanted) == []
