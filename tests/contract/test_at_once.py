"""Messages that need nothing else, answered in the very transaction that records them; and those that are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from content.messages import Unfollow
from handlers.conversation.accounts import Answers, ConversationConfig, ServedAccount
from handlers.conversation.sent import Sent
from handlers.conversation.turn import AccountInfo
from storage.errors import StorageError
from storage.probe import Probe, no_probe
from storage.replies import Replies
from tests.fakes.clock import ManualClock
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores, open_stores

OpenDesk = Callable[..., Desk]


@pytest.fixture
async def open_desk(
    database_url: str, tmp_path: Path, stores: OpenStores, clock: ManualClock
) -> AsyncIterator[OpenDesk]:
    """Return what opens a web process whose route says that it waits for nothing, and notes the probe's points."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    desks: list[Desk] = []
    sent: dict[str, datetime] = {}

    def open_(
        *,
        answers: Answers = Answers.PASSIVE,
        probe: Probe = no_probe,
        config: ConversationConfig = ConversationConfig(),  # noqa: B008 - a value
    ) -> Desk:
        served = ServedAccount(
            row=rows["service"],
            info=AccountInfo(name="service", channel="wechat", title="服务号"),
            answers=answers,
            active_messages=True,
        )
        own = open_stores(database_url, home=tmp_path, probe=probe)
        desks.append(Desk(own, clock, served, holder="web-1", sent=sent, waits=False, config=config))
        return desks[-1]

    yield open_
    for desk in desks:
        await desk.close()
        await desk.stores.close()


async def _push_together(desk: Desk, *messages: tuple[str, str]) -> list[str | None]:
    """Let several attempts (person, words) arrive in one batch of the writer; return the words of their answers."""
    attempts = await asyncio.gather(*(desk.push(words, person=person) for person, words in messages))
    return [attempt.words for attempt in attempts]


async def test_the_answer_stands_in_the_transaction_that_records_the_message(
    open_desk: OpenDesk, stores: OpenStores
) -> None:
    points: list[str] = []
    desk = open_desk(probe=points.append)
    attempt = await desk.push("你好")

    assert attempt.words == "答你好"
    # Only these three: the message was never in the log without its answer.
    assert points == ["received", "handling", "handled"]
    assert desk.route.turns == ["你好"]
    assert (await stores.one("SELECT state, via FROM work")) == {"state": "done", "via": "http"}
    assert (await stores.one("SELECT state FROM reply"))["state"] == "handed"
    assert (await stores.one("SELECT holder FROM reach"))["holder"] is None
    assert desk.lanes.held == 0


async def test_what_needs_no_answer_is_done_at_once_too(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    attempt = await desk.push(Unfollow())

    assert attempt.answer is not None
    assert attempt.answer.reply is None
    assert (await stores.one("SELECT state FROM work"))["state"] == "done"


async def test_people_of_one_batch_are_each_answered(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    words = await _push_together(desk, *((f"p{n}", f"{n}号") for n in range(40)))

    assert words == [f"答{n}号" for n in range(40)]
    assert await stores.count("reply") == 40


async def test_fragments_of_one_batch_are_one_turn(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    words = await _push_together(desk, ("alice", "我想"), ("alice", "问问"), ("bob", "在吗"))

    assert words == [None, "答我想\n问问", "答在吗"]
    assert await stores.count("reply") == 2


async def test_a_repeat_of_one_batch_gets_the_same_answer(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    attempts = await asyncio.gather(*(desk.push("你好", key="m:alice:1") for _ in range(3)))

    assert [attempt.words for attempt in attempts] == ["答你好"] * 3
    assert (await stores.count("reply"), await stores.count("message")) == (1, 2)
    assert desk.route.turns == ["你好"]


async def test_a_consent_names_the_message_of_the_batch_that_shows_it(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    await _push_together(desk, ("bob", "你好"), ("alice", "退订"))

    entry = await stores.one("SELECT consent, state, seq FROM consent_entry")
    said = await stores.one("SELECT seq FROM content WHERE fields LIKE '%退订%' AND fields NOT LIKE '%答%'")
    assert entry == {"consent": "marketing", "state": "withdrawn", "seq": said["seq"]}


async def test_an_event_and_the_words_of_one_batch_are_turns_of_their_own(
    open_desk: OpenDesk, stores: OpenStores
) -> None:
    """The event is answered at once; what came with it and does not join it is begun by the same process."""
    desk = open_desk()
    event, words = await asyncio.gather(desk.push(Unfollow(), key="e:1"), desk.push("你好", key="m:1"))
    await desk.rest()

    assert event.answer is not None
    assert (event.answer.reply, words.words) == (None, "答你好")
    assert desk.route.turns == ["", "你好"]
    assert {row["state"] for row in await stores.rows("SELECT state FROM work")} == {"done"}
    assert (await stores.one("SELECT holder FROM reach"))["holder"] is None


async def test_what_a_dead_process_left_is_answered_with_the_next_message(
    open_desk: OpenDesk, stores: OpenStores, clock: ManualClock
) -> None:
    dead, desk = open_desk(), open_desk()
    dead.route.seconds = 1000
    await dead.push("我想")
    await dead.close()
    await clock.advance(7)  # its lease is over
    attempt = await desk.push("问问", key="m:alice:next")
    await desk.rest()

    assert attempt.words == "答我想\n问问"
    assert {row["state"] for row in await stores.rows("SELECT state FROM work")} == {"done"}
    assert await stores.count("reply") == 1


async def test_a_failure_to_note_sent_replies_is_told_and_the_next_are_noted() -> None:
    class Failing:
        """Fails once, as a database does that was away for a moment."""

        def __init__(self) -> None:
            self.marked: list[tuple[int, list[int]]] = []
            self.down = True

        async def mark_sent(self, account_id: int, seqs: Sequence[int]) -> None:
            if self.down:
                self.down = False
                raise StorageError("the database is away")
            self.marked.append((account_id, list(seqs)))

    replies = Failing()
    sent = Sent(cast(Replies, replies))
    with capture_logs() as logs:
        sent.note(1, 7)
        await sent.finish()
        sent.note(1, 8)
        sent.note(1, 9)
        await sent.finish()

    assert [entry["action"] for entry in logs] == ["sent_not_noted"]
    assert replies.marked == [(1, [8, 9])]


async def test_a_route_that_fails_apologises_as_ever(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    desk.route.error = RuntimeError("broken")
    attempt = await desk.push("你好")

    assert attempt.words == "抱歉"
    assert await stores.count("reply") == 1


async def test_a_route_that_waits_without_saying_so_answers_once_outside_the_transaction(
    open_desk: OpenDesk, stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 2
    attempt = await desk.push("你好")
    assert attempt.answer is None
    assert (await stores.one("SELECT state FROM work"))["state"] == "ready"
    await desk.wait(3)

    assert attempt.words == "答你好"
    assert await stores.count("reply") == 1


async def test_an_account_that_answers_actively_puts_it_into_the_outbox(
    open_desk: OpenDesk, stores: OpenStores
) -> None:
    desk = open_desk(answers=Answers.ACTIVE)
    attempt = await desk.push("你好")

    assert attempt.answer is not None
    assert attempt.answer.reply is None
    assert (await stores.one("SELECT state FROM delivery"))["state"] == "due"
    assert desk.woken == 1


async def test_while_somebody_holds_the_conversation_the_message_waits_for_them(
    open_desk: OpenDesk, stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.seconds = 2
    first = await desk.push("我想")
    second = await desk.push("问问")
    await desk.wait(4.5)

    assert (first.words, second.words) == (None, "答我想\n问问")
    assert await stores.count("reply") == 1


async def test_replies_of_many_answers_are_noted_as_sent_beside_them(open_desk: OpenDesk, stores: OpenStores) -> None:
    desk = open_desk()
    attempts = await asyncio.gather(*(desk.push(f"{n}号", person=f"p{n}") for n in range(30)))
    for attempt in attempts[:20]:
        assert attempt.answer is not None
        assert attempt.answer.handed is not None
        desk.inbox.written(attempt.answer.handed)
    await desk.sent.finish()

    states = await stores.rows("SELECT state, count(*) AS n FROM reply GROUP BY state ORDER BY state")
    assert states == [{"state": "handed", "n": 10}, {"state": "sent", "n": 20}]


async def test_what_is_recorded_after_the_deadline_goes_to_the_outbox(open_desk: OpenDesk, stores: OpenStores) -> None:
    """The HTTP answer of an attempt that waited too long for the database would reach nobody."""
    desk = open_desk(config=ConversationConfig(deadline=0))
    attempt = await desk.push("你好")

    assert attempt.answer is not None
    assert attempt.answer.reply is None
    assert (await stores.one("SELECT state FROM reply"))["state"] == "outbox"
    assert (await stores.one("SELECT state FROM delivery"))["state"] == "due"


async def test_a_turn_that_cannot_be_written_leaves_its_message_recorded(
    open_desk: OpenDesk, stores: OpenStores
) -> None:
    desk = open_desk()
    desk.route.version = "half of a pair: \ud800"  # no database takes it
    await desk.push("你好")
    other = await desk.push("在吗", person="bob")

    assert (await stores.one("SELECT count(*) AS n FROM message WHERE direction = 'in'"))["n"] == 2
    assert other.answer is None
    assert {row["state"] for row in await stores.rows("SELECT state FROM work")} == {"ready"}
