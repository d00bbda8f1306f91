"""The customers of who has left: a task each, told once, until they have an owner again."""

from __future__ import annotations

from datetime import timedelta

from storage.customers import Customers
from storage.viewer import COMMAND_LINE
from tests.contract.tasks.work import Work
from tests.fakes.clock import ManualClock
from tests.fakes.firm import BRANCHES, STAFF, Firm
from tests.fakes.stores import OpenStores


async def test_the_customers_of_who_has_left_wait_for_a_new_owner_within_thirty_days(
    work: Work, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "zhang"], branches=BRANCHES)
    for _ in range(3):
        await work.round.hand_over()
    waiting = await work.undone()
    told = await work.told()

    assert {(task.cause, task.owner, task.customer_id) for task in waiting} == {
        ("leaver", "Sun", firm.customers["z1"]),
        ("leaver", "Sun", firm.customers["z2"]),
    }
    assert {task.due_at for task in waiting} == {clock.now() + timedelta(days=30)}
    assert [userid for userid, _ in told] == ["sun"], "once, not with every customer"
    assert "Zhang 已离职，名下 2 位客户" in told[0][1]

    await firm.give("z1", "li")
    await work.round.hand_over()
    assert [task.customer_id for task in await work.undone()] == [firm.customers["z2"]]
    done = await stores.one("SELECT disposition, done_at FROM task WHERE state = 'done'")
    assert done["disposition"] == "已有新的负责人"


async def test_a_hand_over_that_was_ended_without_a_new_owner_is_not_opened_again(
    work: Work, firm: Firm, clock: ManualClock
) -> None:
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "wang"], branches=BRANCHES)
    await work.round.hand_over()
    [task] = await work.undone()
    await work.tasks.finish(task.id, "客户已退保", viewer=COMMAND_LINE, now=clock.now())
    await work.round.hand_over()
    assert await work.undone() == []


async def test_who_comes_back_and_leaves_again_leaves_anew(work: Work, firm: Firm, clock: ManualClock) -> None:
    without = [row for row in STAFF if row.userid != "wang"]
    await firm.organisation.bring_in(without, branches=BRANCHES)
    await work.round.hand_over()
    await firm.organisation.bring_in(STAFF, branches=BRANCHES)
    await work.round.hand_over()
    back = await work.undone()
    await clock.advance(3600)
    await firm.organisation.bring_in(without, branches=BRANCHES)
    await work.round.hand_over()
    [task] = await work.undone()

    assert back == []
    assert task.due_at == clock.now() + timedelta(days=30)


async def test_a_customer_who_was_merged_away_is_handed_over_by_nobody(
    work: Work, stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    merged = Customers(stores.database)
    await merged.merge(kept=firm.customers["l1"], gone=firm.customers["z1"], cause="test", now=clock.now())
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "zhang"], branches=BRANCHES)
    await work.round.hand_over()
    assert [task.customer_id for task in await work.undone()] == [firm.customers["z2"]]
    await merged.merge(kept=firm.customers["l1"], gone=firm.customers["z2"], cause="test", now=clock.now())
    await work.round.hand_over()
    assert await work.undone() == []
