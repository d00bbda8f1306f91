"""What a platform's attempt is answered: chosen once, and told again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from storage.records import StoredReply, Way
from storage.replies import ATTEMPTS_OVER, Attempt
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

_ANSWER = StoredReply(kind="text", fields={"content": "答"})


def _attempt(account_id: int, seq: int, *, last_word: bool = False, may_use_outbox: bool = True) -> Attempt:
    return Attempt(account_id=account_id, seq=seq, last_word=last_word, may_use_outbox=may_use_outbox)


async def _handle(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, *words: str, way: Way, purpose: str = "service"
) -> tuple[int, int]:
    said = await visitors.say("alice", "问")
    handled = turn(lease_of(said), [said.seq], *words, now=clock.now(), way=way, purpose=purpose)
    await stores.handling.finish(handled)
    return said.account_id, said.seq


async def _state(stores: OpenStores) -> str:
    return str((await stores.one("SELECT state FROM reply WHERE n = 0"))["state"])


async def test_an_unhandled_message_has_to_wait(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    said = await visitors.say("alice", "问")
    verdict = await stores.replies.settle(_attempt(said.account_id, said.seq))

    assert (verdict.wait, verdict.reply, verdict.recorded_at) == (True, None, clock.now())


async def test_every_attempt_gets_the_same_reply(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    key = await _handle(stores, visitors, clock, "答", way=Way.OPEN)
    before = await _state(stores)
    verdicts = [await stores.replies.settle(_attempt(*key)) for _ in range(3)]

    assert (before, await _state(stores)) == ("ready", "handed")
    assert [(verdict.wait, verdict.reply) for verdict in verdicts] == [(False, _ANSWER)] * 3


async def test_a_reply_that_was_sent_is_told_again(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    key = await _handle(stores, visitors, clock, "答", way=Way.HTTP)
    await stores.replies.mark_sent(key[0], key[1:])

    assert await _state(stores) == "sent"
    assert (await stores.replies.settle(_attempt(*key))).reply == _ANSWER
    assert await _state(stores) == "sent"


async def test_only_the_first_reply_is_told_to_an_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    key = await _handle(stores, visitors, clock, "答", "再答", way=Way.OPEN)

    assert (await stores.replies.settle(_attempt(*key))).reply == _ANSWER
    assert [row["state"] for row in await stores.rows("SELECT state FROM reply ORDER BY n")] == ["handed", "outbox"]


async def test_a_reply_in_the_outbox_is_not_told_to_an_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    key = await _handle(stores, visitors, clock, "答", way=Way.OUTBOX)
    verdict = await stores.replies.settle(_attempt(*key))

    assert (verdict.wait, verdict.reply) == (False, None)
    assert await stores.count("delivery") == 1


async def test_a_handled_message_without_reply_is_accepted(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    key = await _handle(stores, visitors, clock, way=Way.OPEN)
    verdict = await stores.replies.settle(_attempt(*key))

    assert (verdict.wait, verdict.reply) == (False, None)


async def test_the_last_word_sends_a_late_reply_to_the_outbox(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    said = await visitors.say("alice", "问")
    key = (said.account_id, said.seq)
    deadline = await stores.replies.settle(_attempt(*key, last_word=True))
    retry = await stores.replies.settle(_attempt(*key))
    written = await stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.HTTP))
    afterwards = await stores.replies.settle(_attempt(*key))

    assert [(v.wait, v.reply) for v in (deadline, retry, afterwards)] == [(False, None)] * 3
    assert (written.handed, written.outbox) == (False, True)
    assert await _state(stores) == "outbox"
    assert await stores.count("delivery") == 1


async def test_a_last_word_without_outbox_leaves_the_reply_to_the_next_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    said = await visitors.say("alice", "问")
    key = (said.account_id, said.seq)
    verdict = await stores.replies.settle(_attempt(*key, last_word=True, may_use_outbox=False))
    await stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.OPEN))

    assert (verdict.wait, verdict.reply) == (False, None)
    assert (await stores.replies.settle(_attempt(*key))).reply == _ANSWER
    assert await stores.count("delivery") == 0


@pytest.mark.parametrize("first", ["settle", "finish"])
async def test_the_way_is_chosen_once_when_the_deadline_meets_the_answer(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, first: str
) -> None:
    """Attempt and answer in one batch of the writer, in both orders: the reply leaves one way, not none and not two."""
    said = await visitors.say("alice", "问")
    settle = stores.replies.settle(_attempt(said.account_id, said.seq, last_word=True))
    finish = stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.HTTP))
    if first == "settle":
        verdict, written = await asyncio.gather(settle, finish)
    else:
        written, verdict = await asyncio.gather(finish, settle)

    told = verdict.reply is not None
    assert (told, await stores.count("delivery"), written.handed) == (
        (False, 1, False) if first == "settle" else (True, 0, True)
    )


async def test_two_processes_choose_one_way(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    for n in range(15):
        said = await visitors.say(f"p{n}", "问")
        verdict, written = await asyncio.gather(
            other_stores.replies.settle(_attempt(said.account_id, said.seq, last_word=True)),
            stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.HTTP)),
        )
        assert (verdict.reply is not None) == written.handed
        assert written.outbox == (not written.handed)


async def test_marking_what_was_never_handed_changes_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    key = await _handle(stores, visitors, clock, "答", way=Way.OPEN)
    await stores.replies.mark_sent(key[0], key[1:])

    assert await _state(stores) == "ready"


@pytest.mark.parametrize(
    ("way", "is_active", "state", "counts", "deliveries"),
    [
        (Way.HTTP, True, "unknown", (1, 0, 0), 0),
        (Way.HTTP, False, "unknown", (1, 0, 0), 0),
        (Way.OPEN, True, "outbox", (0, 1, 0), 1),
        (Way.OPEN, False, "lost", (0, 0, 1), 0),
        (Way.OUTBOX, True, "outbox", (0, 0, 0), 1),
    ],
)
async def test_replies_are_settled_when_the_attempts_are_over(
    stores: OpenStores,
    visitors: Visitors,
    clock: ManualClock,
    way: Way,
    is_active: bool,
    state: str,
    counts: tuple[int, int, int],
    deliveries: int,
) -> None:
    account_id, _ = await _handle(stores, visitors, clock, "答", way=way, purpose="marketing")
    active = frozenset({account_id}) if is_active else frozenset()
    await clock.advance(ATTEMPTS_OVER.total_seconds() - 0.001)
    now = clock.now()
    early = await stores.replies.sweep(before=now - ATTEMPTS_OVER, now=now, active=active)
    await clock.advance(0.001)
    now = clock.now()
    late = await stores.replies.sweep(before=now - ATTEMPTS_OVER, now=now, active=active)
    again = await stores.replies.sweep(before=now - ATTEMPTS_OVER, now=now, active=active)

    assert (early, late, again) == ((0, 0, 0), counts, (0, 0, 0))
    assert await _state(stores) == state
    planned = await stores.rows("SELECT purpose, idempotency_key, state FROM delivery")
    assert (
        planned == [{"purpose": "marketing", "idempotency_key": f"reply:{account_id}:1:0", "state": "due"}] * deliveries
    )


async def test_the_sweep_leaves_what_was_sent(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    key = await _handle(stores, visitors, clock, "答", way=Way.HTTP)
    await stores.replies.mark_sent(key[0], key[1:])
    await clock.advance(60)
    now = clock.now()

    assert await stores.replies.sweep(before=now - ATTEMPTS_OVER, now=now, active=frozenset()) == (0, 0, 0)
    assert await _state(stores) == "sent"


async def test_an_attempt_after_the_sweep_is_told_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    key = await _handle(stores, visitors, clock, "答", way=Way.OPEN)
    await clock.advance(15)
    await stores.replies.sweep(before=clock.now() - ATTEMPTS_OVER, now=clock.now(), active=frozenset({key[0]}))
    verdict = await stores.replies.settle(_attempt(*key))

    assert (verdict.wait, verdict.reply) == (False, None)


async def test_two_sweeps_at_once_plan_a_late_reply_once(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    for n in range(10):
        said = await visitors.say(f"p{n}", "问")
        await stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.OPEN))
    await clock.advance(15)
    now, active = clock.now(), frozenset({said.account_id})
    found = await asyncio.gather(
        *(each.replies.sweep(before=now - ATTEMPTS_OVER, now=now, active=active) for each in (stores, other_stores))
    )

    assert sum(outbox for _, outbox, _ in found) == 10
    assert await stores.count("delivery") == 10


async def test_fifteen_seconds_count_from_the_first_attempt(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    """What the person says afterwards does not move the end of the attempts at their first message."""
    said = await visitors.say("alice", "一")
    await clock.advance(4)
    await visitors.say("alice", "二")
    await stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.HTTP))
    await clock.advance(11)
    counts = await stores.replies.sweep(before=clock.now() - ATTEMPTS_OVER, now=clock.now(), active=frozenset())

    assert counts == (1, 0, 0)


async def test_the_oldest_waiting_message_is_known(stores: OpenStores, visitors: Visitors, clock: ManualClock) -> None:
    nothing = await stores.replies.oldest_waiting()
    first = await visitors.say("alice", "一")
    began = clock.now()
    await clock.advance(3)
    await visitors.say("bob", "二")
    oldest = await stores.replies.oldest_waiting()
    await stores.handling.finish(turn(lease_of(first), [first.seq], now=clock.now()))

    assert (nothing, oldest) == (None, began)
    assert await stores.replies.oldest_waiting() == began + timedelta(seconds=3)
