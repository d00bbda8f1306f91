"""The platform's attempts at a message: answered in time, late, repeated, given up to the third."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from content.messages import Unfollow
from handlers.conversation.inbox import Answered
from tests.contract.lanes.answers import ACCEPTED, TIMED_OUT, deliveries
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores


async def test_a_reply_in_time_goes_back_in_the_answer(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk = open_desk()
    attempt = await desk.push("你好")

    assert attempt.words == "答你好"
    assert attempt.answer is not None
    assert attempt.answer.handed is not None
    assert (await stores.one("SELECT state FROM reply"))["state"] == "handed"
    desk.inbox.written(attempt.answer.handed)
    await desk.rest()
    assert (await stores.one("SELECT state FROM reply"))["state"] == "sent"
    assert await deliveries(stores) == []


async def test_an_event_without_reply_is_accepted(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()

    assert (await desk.push(Unfollow())).answer == ACCEPTED


async def test_many_people_at_once_are_each_answered_once(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk = open_desk()
    attempts = await asyncio.gather(*(desk.push(f"{n}", person=f"p{n}") for n in range(25)))

    assert [attempt.words for attempt in attempts] == [f"答{n}" for n in range(25)]
    assert await stores.count("reply") == 25
    assert desk.lanes.held == 0


async def test_a_route_that_fails_apologises(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk = open_desk()
    desk.route.error = RuntimeError("a mistake of ours")
    attempt = await desk.push("你好")

    assert attempt.words == "抱歉"
    assert (await stores.one("SELECT state FROM work"))["state"] == "done"


async def test_at_the_deadline_a_late_reply_goes_to_the_outbox_once(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 7
    first = await desk.push("你好", key="k")
    await desk.wait(4)
    before = first.answer
    await desk.wait(0.5)
    at_the_deadline = first.answer
    retry = await desk.push("你好", key="k")
    await desk.wait(3)
    late = await desk.push("你好", key="k")

    assert (before, at_the_deadline) == (None, ACCEPTED)
    assert (retry.answer, late.answer) == (ACCEPTED, ACCEPTED)
    assert await deliveries(stores) == ['{"content":"答你好"}']
    assert desk.woken == 1
    assert desk.route.turns == ["你好"]


async def test_a_reply_just_before_the_deadline_goes_back_in_the_answer(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 4
    attempt = await desk.push("你好")
    await desk.wait(4)

    assert attempt.words == "答你好"
    assert await deliveries(stores) == []


async def test_every_attempt_gets_the_same_reply(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    attempts = [await desk.push("你好", key="k") for _ in range(3)]

    assert [attempt.words for attempt in attempts] == ["答你好"] * 3
    assert desk.route.turns == ["你好"]


async def test_two_attempts_that_wait_together_get_the_same_reply(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.route.seconds = 2
    attempts = [await desk.push("你好", key="k") for _ in range(2)]
    await desk.wait(2)

    assert [attempt.words for attempt in attempts] == ["答你好"] * 2


@pytest.mark.parametrize(
    ("seconds", "answers"),
    [
        (3, ["答你好"]),
        (7, [TIMED_OUT, "答你好"]),
        pytest.param(12, [TIMED_OUT, TIMED_OUT, "答你好"]),
        pytest.param(20, [TIMED_OUT, TIMED_OUT, ACCEPTED]),
    ],
)
async def test_without_active_messages_the_attempts_time_out_and_the_third_decides(
    open_desk: Callable[..., Desk], stores: OpenStores, seconds: float, answers: list[Answered | str]
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.seconds = seconds
    found: list[Answered | str | None] = []
    for _ in answers:
        attempt = await desk.push("你好", key="k")
        await desk.wait(5)
        found.append(attempt.words or attempt.answer)

    assert found == answers
    assert await deliveries(stores) == []
    assert desk.route.turns == ["你好"]


async def test_the_third_attempt_decides_also_when_the_first_was_never_recorded(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.seconds = 60
    second = await desk.push("你好", key="k", age=5)
    await desk.wait(5)
    third = await desk.push("你好", key="k", age=10)
    await desk.wait(5)

    assert (second.answer, third.answer) == (TIMED_OUT, ACCEPTED)


async def test_a_platform_whose_clock_is_behind_still_gets_to_its_third_attempt(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.seconds = 60
    answers = []
    for n in range(3):
        attempt = await desk.push("你好", key="k", age=30 + 5 * n)
        await desk.wait(5)
        answers.append(attempt.answer)

    assert answers == [TIMED_OUT, TIMED_OUT, ACCEPTED]
