"""Callbacks from arrival to answer over a real database: in time, late, repeated, joined, failed, taken over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest

from content.messages import Event, Purpose, Unfollow
from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.inbox import Answered
from handlers.conversation.turn import AccountInfo
from tests.fakes.clock import ManualClock
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores, open_stores

ACCEPTED = Answered()
TIMED_OUT = Answered(time_out=True)


@pytest.fixture
async def open_desk(
    database_url: str, tmp_path: Path, stores: OpenStores, clock: ManualClock
) -> AsyncIterator[Callable[..., Desk]]:
    """Return what opens a web process; each has stores of its own, as processes have."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    desks: list[Desk] = []
    sent: dict[str, datetime] = {}

    def open_(*, holder: str = "web-1", answers: Answers = Answers.PASSIVE, active_messages: bool = True) -> Desk:
        served = ServedAccount(
            row=rows["service"],
            info=AccountInfo(name="service", channel="wechat", title="服务号"),
            answers=answers,
            active_messages=active_messages,
        )
        desks.append(Desk(open_stores(database_url, home=tmp_path), clock, served, holder=holder, sent=sent))
        return desks[-1]

    yield open_
    for desk in desks:
        await desk.close()
        await desk.stores.close()


async def _deliveries(stores: OpenStores) -> list[str]:
    rows = await stores.rows(
        "SELECT c.fields FROM delivery d JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq"
        " ORDER BY d.id"
    )
    return [row["fields"] for row in rows]


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
    assert await _deliveries(stores) == []


async def test_an_event_without_reply_is_accepted(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()

    assert (await desk.push(Unfollow())).answer == ACCEPTED


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
    assert await _deliveries(stores) == ['{"content":"答你好"}']
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
    assert await _deliveries(stores) == []


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
    assert await _deliveries(stores) == []
    assert desk.route.turns == ["你好"]


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


async def test_a_route_that_fails_apologises(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk = open_desk()
    desk.route.error = RuntimeError("a mistake of ours")
    attempt = await desk.push("你好")

    assert attempt.words == "抱歉"
    assert (await stores.one("SELECT state FROM work"))["state"] == "done"


async def test_the_lease_is_renewed_while_a_slow_route_runs(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk, other = open_desk(), open_desk(holder="web-2")
    desk.route.seconds = 20
    await desk.push("你好")
    taken = []
    for _ in range(10):
        await desk.wait(2)
        taken.append(await other.lanes.take_over(limit=10))

    assert taken == [0] * 10
    assert (desk.route.turns, other.route.turns) == (["你好"], [])
    assert await _deliveries(stores) == ['{"content":"答你好"}']


async def test_what_a_dead_process_left_is_answered_by_another(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    dead, other = open_desk(active_messages=False), open_desk(holder="web-2", active_messages=False)
    dead.route.seconds = 1000
    await dead.push("你好", key="k")
    await dead.close()  # its lanes are cut off; nothing is released
    await other.wait(6)
    retry = await other.push("你好", key="k")
    early = retry.answer
    taken = await other.lanes.take_over(limit=10)
    await other.wait(0.5)

    assert (early, taken) == (None, 1)
    assert retry.words == "答你好"
    assert await stores.count("reply") == 1


async def test_who_loses_the_lease_while_a_route_runs_writes_nothing(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    paused, other = open_desk(), open_desk(holder="web-2")
    paused.route.seconds = 3
    await paused.push("你好")
    await stores.change("UPDATE reach SET lease_until = 0")
    taken = await other.lanes.take_over(limit=10)
    await other.wait(4)

    assert taken == 1
    assert await stores.count("reply") == 1
    assert (await stores.one("SELECT epoch, holder FROM reach")) == {"epoch": 2, "holder": None}
    assert paused.lanes.held == 0


async def test_a_retry_at_another_process_waits_for_the_first_ones_reply(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    first, other = open_desk(active_messages=False), open_desk(holder="web-2", active_messages=False)
    first.route.seconds = 7
    await first.push("你好", key="k")
    await first.wait(5)
    retry = await other.push("你好", key="k")
    await other.wait(3)

    assert retry.words == "答你好"
    assert (first.route.turns, other.route.turns) == (["你好"], [])
    assert await _deliveries(stores) == []


async def test_an_account_that_answers_actively_accepts_at_once(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk(answers=Answers.ACTIVE)
    attempt = await desk.push("你好")

    assert attempt.answer == ACCEPTED
    assert await _deliveries(stores) == ['{"content":"答你好"}']
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
    assert await _deliveries(stores) == ['{"content":"答你好"}']


async def test_many_people_at_once_are_each_answered_once(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk = open_desk()
    attempts = await asyncio.gather(*(desk.push(f"{n}", person=f"p{n}") for n in range(25)))

    assert [attempt.words for attempt in attempts] == [f"答{n}" for n in range(25)]
    assert await stores.count("reply") == 25
    assert desk.lanes.held == 0


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("DELETE FROM content WHERE seq = 1", id="its content was destroyed"),
        pytest.param("UPDATE content SET fields = '[1' WHERE seq = 1", id="its content cannot be read"),
        pytest.param("UPDATE message SET kind = 'sticker' WHERE seq = 1", id="its kind is of a newer version"),
    ],
)
async def test_a_recorded_message_that_cannot_be_read_is_done_and_the_next_is_answered(
    open_desk: Callable[..., Desk], stores: OpenStores, spoil: str
) -> None:
    dead, other = open_desk(), open_desk(holder="web-2")
    dead.route.seconds = 1000
    await dead.push("一")
    await dead.push("二")
    await dead.close()
    await stores.change(spoil)
    await other.wait(6)
    taken = await other.lanes.take_over(limit=10)
    await other.wait(2)

    assert taken == 1
    assert "二" in "".join(other.route.turns)
    assert (await stores.one("SELECT count(*) AS n FROM work WHERE state = 'ready'"))["n"] == 0


async def test_a_conversation_that_cannot_be_begun_does_not_hold_the_others(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    dead, other = open_desk(), open_desk(holder="web-2")
    dead.route.seconds = 1000
    await dead.push("一", person="alice")
    await dead.push("二", person="bob")
    await dead.close()
    await stores.change("DELETE FROM identity WHERE external_id = 'alice'")
    await other.wait(6)
    taken = await other.lanes.take_over(limit=10)
    await other.wait(2)

    assert (taken, other.route.turns) == (1, ["二"])


@pytest.mark.parametrize(("active", "said"), [(True, "答你好"), (False, "答你好\n其次\n最后")])
async def test_what_one_turn_says_is_one_reply_where_nothing_can_follow_the_answer(
    open_desk: Callable[..., Desk], stores: OpenStores, active: bool, said: str
) -> None:
    desk = open_desk(active_messages=active)
    desk.route.further = ["其次", "最后"]
    attempt = await desk.push("你好")

    assert attempt.words == said
    assert len(await _deliveries(stores)) == (2 if active else 0)
    assert await stores.rows("SELECT n FROM reply WHERE state = 'lost'") == []


async def test_words_that_one_reply_cannot_hold_are_lost_openly(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.further = ["长" * 700, "短"]
    attempt = await desk.push("你好")

    assert attempt.words == "答你好\n短"
    assert [row["n"] for row in await stores.rows("SELECT n FROM reply WHERE state = 'lost'")] == [1]
    assert await _deliveries(stores) == []


async def test_what_the_governor_keeps_from_the_only_way_is_lost_openly(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk(active_messages=False)
    desk.route.purpose = Purpose.MARKETING
    attempt = await desk.push("你好")

    assert attempt.answer == ACCEPTED
    assert (await stores.one("SELECT state FROM reply"))["state"] == "lost"
    assert await _deliveries(stores) == []


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
