"""A doubtful answer becomes one task of the supervisor of the customer's agent, who may be the fault, and is told."""

from __future__ import annotations

from storage.task_rounds import TaskRounds
from tests.contract.callbacks.caller import IDS, Caller
from tests.fakes.handover_rooms import CONTENT


async def test_doubts_make_one_task_for_the_agents_supervisor_with_each_as_evidence(caller: Caller) -> None:
    await caller.begin("z1")
    told = await caller.says("z1", "不清楚")
    assert "会有我们的同事联系您讲清楚" in told
    assert "第 2 题" in told
    # At once: who leaves in the middle is not forgotten.
    assert await caller.tasks("z1") == [("assigned", "sun", "本人签名：不清楚")]
    await caller.taps("z1", IDS[1], "yes")
    await caller.says("z1", "不知道交多少")
    await caller.taps("z1", IDS[3], "yes")
    closed = await caller.taps("z1", IDS[4], "unclear")
    assert "还不清楚的地方，会有我们的同事联系您" in closed
    phrases = "本人签名：不清楚，交费期与金额：不知道交多少，收益不确定：不清楚"
    assert await caller.tasks("z1") == [("assigned", "sun", phrases)]


async def test_without_doubt_there_is_no_task(caller: Caller) -> None:
    await caller.begin("z1")
    assert "讲清楚" not in await caller.finish("z1")
    assert await caller.tasks("z1") == []


async def test_it_never_comes_to_the_agent_by_itself(caller: Caller) -> None:
    rounds = TaskRounds(caller.stores.database)
    # wang has no supervisor in his team or branch.
    await caller.begin("w1")
    await caller.says("w1", "不清楚")
    assert await caller.tasks("w1") == [("open", None, "本人签名：不清楚")]
    assert await rounds.reassign(now=caller.house.clock.now()) == 0
    # With another agent it goes to that agent's supervisor.
    await caller.firm.give("w1", "li")
    assert await caller.tasks("w1") == [("open", None, "本人签名：不清楚")]
    assert await rounds.reassign(now=caller.house.clock.now()) == 1
    assert await caller.tasks("w1") == [("assigned", "sun", "本人签名：不清楚")]
    await caller.firm.give("w1", "wang")
    assert await caller.tasks("w1") == [("assigned", "sun", "本人签名：不清楚")]


async def test_not_even_when_the_agent_is_a_supervisor_and_the_task_goes_on(caller: Caller) -> None:
    rounds, due = TaskRounds(caller.stores.database), CONTENT.callback.task_minutes * 60 + 1
    await caller.firm.give("w1", "sun")
    caller.open(catch_all=await caller.firm.organisation.find("li"))
    await caller.begin("w1")
    await caller.says("w1", "不清楚")
    assert [(state, owner) for state, owner, _ in await caller.tasks("w1")] == [("assigned", "li")]
    await caller.house.clock.advance(due)
    # li's supervisor is sun, whose customer it is.
    assert await rounds.escalate(now=caller.house.clock.now()) == 1
    assert [(state, owner) for state, owner, _ in await caller.tasks("w1")] == [("escalated", "li")]
    await caller.stores.change("UPDATE staff SET active = :no WHERE userid = 'li'", no=False)
    await rounds.reassign(now=caller.house.clock.now())
    assert [(state, owner) for state, owner, _ in await caller.tasks("w1")] == [("escalated", "li")]


async def test_of_nobodys_customer_it_goes_where_such_tasks_go(caller: Caller) -> None:
    await caller.begin("nobody's")
    await caller.says("nobody's", "不清楚")
    assert [(state, owner) for state, owner, _ in await caller.tasks("nobody's")] == [("open", None)]
    caller.open(catch_all=await caller.firm.organisation.find("wu"))
    await caller.begin("b1")
    await caller.says("b1", "不清楚")
    # zhao has no supervisor: the one for all others.
    assert [(state, owner) for state, owner, _ in await caller.tasks("b1")] == [("assigned", "wu")]


async def test_the_agent_as_the_one_for_all_others_does_not_get_it(caller: Caller) -> None:
    caller.open(catch_all=await caller.firm.organisation.find("zhao"))
    await caller.begin("b1")
    await caller.says("b1", "不清楚")
    assert [(state, owner) for state, owner, _ in await caller.tasks("b1")] == [("open", None)]
