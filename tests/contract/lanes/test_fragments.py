"""Messages that arrive while an answer is made: fragments join it, everything else is a turn of its own."""

from __future__ import annotations

from collections.abc import Callable

from content.messages import Event
from tests.contract.lanes.answers import ACCEPTED
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores


async def test_fragments_that_arrive_while_the_answer_is_made_join_it(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 1
    first = await desk.push("我想")
    await desk.wait(0.5)
    second = await desk.push("买保险")
    await desk.wait(2)

    assert (first.answer, second.words) == (ACCEPTED, "答我想\n买保险")
    assert desk.route.turns == ["我想", "我想\n买保险"]
    assert await stores.count("reply") == 1
    works = await stores.rows("SELECT state, joined_to FROM work ORDER BY seq")
    assert [(row["state"], row["joined_to"]) for row in works] == [("done", 2), ("done", None)]


async def test_an_event_that_arrives_meanwhile_is_a_turn_of_its_own(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.route.seconds = 1
    first = await desk.push("一")
    event = await desk.push(Event(kind="view"))
    third = await desk.push("二")
    await desk.wait(4)

    assert desk.route.turns == ["一", "", "二"]
    assert (first.words, event.answer, third.words) == ("答一", ACCEPTED, "答二")


async def test_one_persons_turns_never_run_side_by_side_and_two_persons_do(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.route.seconds = 1
    for n in range(3):
        await desk.push(Event(kind=f"e{n}"))
    await desk.wait(4)
    alone = desk.route.most_running
    await desk.push("甲", person="alice")
    await desk.push("乙", person="bob")
    await desk.wait(2)

    assert (alone, desk.route.most_running) == (1, 2)


async def test_somebody_who_never_stops_writing_is_answered_all_the_same(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 1
    for n in range(8):
        await desk.push(f"{n}")
        await desk.wait(1)
    await desk.wait(6)

    assert (await stores.one("SELECT count(*) AS n FROM work WHERE state = 'ready'"))["n"] == 0
    assert "".join(turn.replace("\n", "") for turn in desk.route.turns).count("7") >= 1
    assert await stores.count("reply") >= 2


async def test_a_refusal_among_fragments_is_stored_with_the_fragment_that_shows_it(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 1
    await desk.push("退订")
    await desk.push("谢谢")
    await desk.wait(3)

    assert desk.route.turns[-1] == "退订\n谢谢"
    assert [row["seq"] for row in await stores.rows("SELECT seq FROM consent_entry")] == [1]


async def test_so_it_is_when_another_process_took_the_conversation_over(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    dead, other = open_desk(), open_desk(holder="web-2")
    dead.route.seconds = 1000
    await dead.push("退订")
    await dead.push("谢谢")
    await dead.close()
    await other.wait(6)
    await other.lanes.take_over(limit=10)
    await other.wait(2)

    assert [row["seq"] for row in await stores.rows("SELECT seq FROM consent_entry")] == [1]


async def test_a_command_that_arrives_meanwhile_is_a_turn_of_its_own(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.route.seconds = 1
    for words in ("在吗", "退订", "导出我的数据", "谢谢"):
        await desk.push(words)
    await desk.wait(6)

    assert desk.route.turns[-1] == "谢谢"
    assert desk.route.turns.count("导出我的数据") == 1
    assert "在吗\n退订" in desk.route.turns, "what is not one joins, and is looked at fragment by fragment"
