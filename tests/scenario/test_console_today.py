"""Today in the console: tasks are listed, ended and handed over; foreign ones are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from storage.tasks import Progress, TaskDraft, Tasks
from storage.viewer import COMMAND_LINE
from tests.browser.console.desk import Answer, Clerk, Desk, open_desk
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores

_TODAY = "/console/today"


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True)


async def _task(desk: Desk, person: str, *, cause: str = "complaint", title: str = "客户投诉") -> int:
    """Make a task as a processor makes it; return its number."""
    tasks, now = Tasks(desk.stores.database), desk.clock.now()
    seq = 1000 + await desk.stores.count("task_evidence")
    draft = TaskDraft(
        cause=cause,
        title=title,
        customer_id=desk.firm.customers[person],
        due_at=now + timedelta(minutes=30),
        account_id=desk.account.id,
        seq=seq,
        phrase="骗子",
    )
    await tasks.take([draft], progress=Progress(processor="signals.1", account_id=desk.account.id, seq=seq), now=now)
    return (await tasks.page(viewer=COMMAND_LINE, limit=1))[0].id


async def _send(clerk: Clerk, task: int, act: str, **fields: str) -> Answer:
    return await clerk.post(f"{_TODAY}/{task}/{act}", {"csrf": await clerk.token(_TODAY), **fields})


async def test_an_agent_sees_a_task_with_all_that_belongs_to_it_and_ends_it(desk: Desk, clock: ManualClock) -> None:
    number, clerk = await _task(desk, "z1"), await desk.clerk("zhang")
    text = (await clerk.get(_TODAY)).text
    ended = await _send(clerk, number, "finish", disposition="已回电")
    after = (await clerk.get(ended.headers["Location"])).text

    for shown in ("客户投诉", f"编号 {number}", f'href="/console/customers/{desk.firm.customers["z1"]}"', "今天 18:00"):
        assert shown in text
    assert "骗子" in text
    assert "办理中" in text
    assert "已超时" not in text
    assert "我是z1" not in text
    assert ended.status == 303
    assert f"待办 {number} 已办结" in after
    assert "没有待办" in after
    assert (await desk.stores.one("SELECT state, disposition FROM task")) == {"state": "done", "disposition": "已回电"}


async def test_a_late_task_is_marked(desk: Desk, clock: ManualClock) -> None:
    await _task(desk, "z1")
    await clock.advance(30 * 60)
    assert "已超时" in (await (await desk.clerk("zhang")).get(_TODAY)).text


async def test_an_agent_sees_nobody_elses_tasks_and_cannot_hand_over(desk: Desk) -> None:
    await _task(desk, "z1")
    await _task(desk, "l1", title="退保意向")
    text = (await (await desk.clerk("zhang")).get(_TODAY)).text
    assert "退保意向" not in text
    assert "/assign" not in text
    assert "团队的待办" not in text


async def test_a_supervisor_hands_a_task_of_the_team_to_somebody_else_of_it(desk: Desk) -> None:
    number, sun, li = await _task(desk, "z1"), await desk.clerk("sun"), await desk.clerk("li")
    before = (await sun.get(_TODAY)).text
    given = await _send(sun, number, "assign", userid="li")
    after = (await sun.get(given.headers["Location"])).text

    assert "团队的待办" in before
    assert ">Zhang<" in before
    assert given.status == 303
    assert f"待办 {number} 已转交" in after
    assert ">Li<" in after
    assert f"编号 {number}" in (await li.get(_TODAY)).text


async def test_who_is_not_of_the_scope_gets_no_task_and_the_page_says_so(desk: Desk) -> None:
    number, clerk = await _task(desk, "z1"), await desk.clerk("sun")
    answer = await _send(clerk, number, "assign", userid="<b>zhao</b>")
    assert answer.status == 422
    assert "没有账号为“&lt;b&gt;zhao&lt;/b&gt;”的在职员工" in answer.text
    assert await desk.people.audit.entries(subject="task") == []


@pytest.mark.parametrize("act", ["finish", "assign"])
async def test_a_foreign_task_and_one_that_is_done_are_not_there(desk: Desk, act: str) -> None:
    number, clerk = await _task(desk, "b1"), await desk.clerk("sun")
    for task in (number, number + 1):
        answer = await _send(clerk, task, act, userid="li")
        assert answer.status == 404
        assert f"待办 {task} 已经办结，或者不在您的查看范围内" in answer.text
    assert (await desk.stores.one("SELECT state FROM task"))["state"] == "assigned"


async def test_without_the_forms_token_nothing_happens(desk: Desk) -> None:
    number, clerk = await _task(desk, "z1"), await desk.clerk("zhang")
    answer = await clerk.post(f"{_TODAY}/{number}/finish", {"disposition": "好"})
    assert answer.status == 403
    assert (await desk.stores.one("SELECT state FROM task"))["state"] == "assigned"


async def test_a_nul_in_what_came_of_it_is_left_out(desk: Desk) -> None:
    number, clerk = await _task(desk, "z1"), await desk.clerk("zhang")
    assert (await _send(clerk, number, "finish", disposition="好\x00的\n")).status == 303
    assert (await desk.stores.one("SELECT disposition FROM task"))["disposition"] == "好的"


async def test_a_long_list_of_the_team_has_pages(desk: Desk) -> None:
    numbers = [await _task(desk, "z1", cause=f"cause{number}") for number in range(31)]
    clerk = await desk.clerk("sun")
    first = (await clerk.get(_TODAY)).text
    [(_, _, rest)] = [first.partition('href="/console/today?before=')]
    second = (await clerk.get(f"{_TODAY}?before={rest.partition(chr(34))[0]}")).text

    assert first.count("编号 ") == 30
    assert f"编号 {numbers[0]}<" not in first
    assert second.count("编号 ") == 1
    assert f"编号 {numbers[0]}<" in second
    assert "回到最新" in second


async def test_the_audit_shows_what_was_done_with_tasks(desk: Desk) -> None:
    number = await _task(desk, "z1")
    await _send(await desk.clerk("zhang"), number, "finish")
    text = (await (await desk.clerk("wu")).get("/console/audit?subject=task")).text
    assert text.count("<tr>") == 2
    assert "办结" in text.partition("<tbody>")[2]
