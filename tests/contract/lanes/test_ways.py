"""The way a reply leaves: in the HTTP answer, through the outbox, folded into one, or lost openly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from content.messages import Purpose
from handlers.conversation.accounts import Answers
from tests.contract.lanes.answers import ACCEPTED, deliveries
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores


async def test_an_account_that_answers_actively_accepts_at_once(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk(answers=Answers.ACTIVE)
    attempt = await desk.push("你好")

    assert attempt.answer == ACCEPTED
    assert await deliveries(stores) == ['{"content":"答你好"}']
    assert desk.woken == 1


async def test_an_account_that_only_logs_asks_no_route(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk = open_desk(answers=Answers.NONE)
    attempt = await desk.push("你好")

    assert attempt.answer == ACCEPTED
    assert desk.route.turns == []
    assert await stores.count("work") == 0


async def test_what_the_answer_may_not_carry_meets_the_governor_again_in_the_outbox(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.purpose = Purpose.MARKETING
    attempt = await desk.push("你好")

    assert attempt.answer == ACCEPTED
    assert await deliveries(stores) == ['{"content":"答你好"}']


@pytest.mark.parametrize(("active", "said"), [(True, "答你好"), (False, "答你好\n其次\n最后")])
async def test_what_one_turn_says_is_one_reply_where_nothing_can_follow_the_answer(
    open_desk: Callable[..., Desk], stores: OpenStores, active: bool, said: str
) -> None:
    desk = open_desk(active_messages=active)
    desk.route.further = ["其次", "最后"]
    attempt = await desk.push("你好")

    assert attempt.words == said
    assert len(await deliveries(stores)) == (2 if active else 0)
    assert await stores.rows("SELECT n FROM reply WHERE state = 'lost'") == []


async def test_words_that_one_reply_cannot_hold_are_lost_openly(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.further = ["长" * 700, "短"]
    attempt = await desk.push("你好")

    assert attempt.words == "答你好\n短"
    assert [row["n"] for row in await stores.rows("SELECT n FROM reply WHERE state = 'lost'")] == [1]
    assert await deliveries(stores) == []


async def test_what_the_governor_keeps_from_the_only_way_is_lost_openly(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.purpose = Purpose.MARKETING
    attempt = await desk.push("你好")

    assert attempt.answer == ACCEPTED
    assert (await stores.one("SELECT state FROM reply"))["state"] == "lost"
    assert await deliveries(stores) == []
