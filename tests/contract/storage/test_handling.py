"""One holder a conversation, in order, and everything that a turn brings about in one transaction."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from content.messages import Event, InboundBody, Text
from storage.errors import LeaseLost
from storage.handling import Handling
from storage.records import AttributionDraft, ConsentDraft, Lease, Way
from tests.fakes.clock import ManualClock
from tests.fakes.interrupted import interrupted
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import LEASE, Visitors, always, lease_of, turn

#: All accounts of these tests.
ACCOUNTS = range(1, 10)


def _texts(body: InboundBody) -> bool:
    return isinstance(body, Text)


async def _take_over(stores: OpenStores, clock: ManualClock, *, holder: str = "web-2") -> list[tuple[Lease, list[int]]]:
    now = clock.now()
    found = await stores.handling.claim_abandoned(
        accounts=ACCOUNTS, holder=holder, now=now, until=now + LEASE, limit=10
    )
    return [(lease, [item.seq for item in items]) for lease, items in found]


async def test_a_conversation_has_one_holder(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    first = await visitors.say("alice", "一")
    second = await visitors.say("alice", "二")
    other = await visitors.say("bob", "三")

    assert (first.epoch, second.epoch, other.epoch) == (1, None, 1)
    assert await _take_over(stores, clock) == []


async def test_a_finished_turn_frees_the_conversation(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    written = await stores.handling.finish(turn(lease_of(first), [first.seq], "答", now=clock.now()))
    second = await visitors.say("alice", "二")

    assert (written.more, written.rejoin, written.handed, written.outbox) == ((), (), True, False)
    assert second.epoch == 2


async def test_a_turn_leaves_its_reply_in_the_log_under_the_next_seq(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    await stores.handling.finish(turn(lease_of(first), [first.seq], "答", now=clock.now()))

    reply = await stores.one("SELECT * FROM reply")
    assert (reply["in_seq"], reply["n"], reply["out_seq"], reply["state"]) == (1, 0, 2, "handed")
    message = await stores.one("SELECT * FROM message WHERE direction = 'out'")
    assert (message["seq"], message["purpose"], message["content_version"]) == (2, "service", "v1")
    assert message["idempotency_key"] == f"reply:{first.account_id}:1:0"
    assert message["conversation_id"] == first.person.conversation_id
    assert (await stores.one("SELECT last_seq FROM account WHERE name = 'service'"))["last_seq"] == 2
    work = await stores.one("SELECT * FROM work")
    assert (work["state"], work["via"], work["joined_to"]) == ("done", "http", None)


@pytest.mark.parametrize(
    ("way", "state", "via", "deliveries"),
    [(Way.HTTP, "handed", "http", 0), (Way.OPEN, "ready", None, 0), (Way.OUTBOX, "outbox", "outbox", 1)],
)
async def test_the_first_reply_leaves_the_way_that_was_chosen(
    visitors: Visitors, stores: OpenStores, clock: ManualClock, way: Way, state: str, via: str | None, deliveries: int
) -> None:
    first = await visitors.say("alice", "一")
    written = await stores.handling.finish(turn(lease_of(first), [first.seq], "答", now=clock.now(), way=way))

    assert (written.handed, written.outbox) == (way is Way.HTTP, way is Way.OUTBOX)
    assert (await stores.one("SELECT state FROM reply"))["state"] == state
    assert (await stores.one("SELECT via FROM work"))["via"] == via
    assert await stores.count("delivery") == deliveries


async def test_further_replies_leave_through_the_outbox_in_order(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    written = await stores.handling.finish(turn(lease_of(first), [first.seq], "甲", "乙", "丙", now=clock.now()))

    assert (written.handed, written.outbox) == (True, True)
    replies = await stores.rows("SELECT n, out_seq, state FROM reply ORDER BY n")
    assert [(row["n"], row["out_seq"], row["state"]) for row in replies] == [
        (0, 2, "handed"),
        (1, 3, "outbox"),
        (2, 4, "outbox"),
    ]
    deliveries = await stores.rows("SELECT out_seq, state, idempotency_key FROM delivery ORDER BY id")
    assert [(row["out_seq"], row["state"]) for row in deliveries] == [(3, "due"), (4, "due")]
    assert deliveries[0]["idempotency_key"] == f"reply:{first.account_id}:1:1"


async def test_a_turn_without_replies_is_done_too(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    first = await visitors.do("alice", Event(kind="view"))
    written = await stores.handling.finish(turn(lease_of(first), [first.seq], now=clock.now()))

    assert (written.handed, written.outbox) == (False, False)
    assert (await stores.one("SELECT state FROM work"))["state"] == "done"
    assert await stores.count("reply") == 0


async def test_what_arrived_meanwhile_joins_instead_of_being_written_over(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "我想")
    second, third = await visitors.say("alice", "买"), await visitors.say("alice", "保险")
    await visitors.say("bob", "不相干")
    lease = lease_of(first)
    written = await stores.handling.finish(turn(lease, [first.seq], "答", now=clock.now(), joins=always))

    assert [item.seq for item in written.rejoin] == [second.seq, third.seq]
    assert [item.inbound.body for item in written.rejoin] == [Text(content="买"), Text(content="保险")]
    assert await stores.count("reply") == 0

    seqs = [first.seq, second.seq, third.seq]
    written = await stores.handling.finish(turn(lease, seqs, "合答", now=clock.now(), joins=always))
    assert (written.rejoin, written.more) == ((), ())
    assert (await stores.one("SELECT in_seq FROM reply"))["in_seq"] == third.seq
    works = await stores.rows("SELECT seq, state, joined_to FROM work WHERE seq <= :last ORDER BY seq", last=third.seq)
    assert [(row["state"], row["joined_to"]) for row in works] == [("done", 3), ("done", 3), ("done", None)]


async def test_only_what_stands_directly_behind_joins(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    second = await visitors.say("alice", "二")
    await visitors.do("alice", Event(kind="view"))
    await visitors.say("alice", "三")
    written = await stores.handling.finish(turn(lease_of(first), [first.seq], "答", now=clock.now(), joins=_texts))

    assert [item.seq for item in written.rejoin] == [second.seq]


async def test_an_event_that_came_meanwhile_waits_for_the_next_turn(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    event = await visitors.do("alice", Event(kind="view"))
    text = await visitors.say("alice", "二")
    lease = lease_of(first)
    written = await stores.handling.finish(turn(lease, [first.seq], "答", now=clock.now(), joins=_texts))

    assert (written.rejoin, [item.seq for item in written.more]) == ((), [event.seq, text.seq])
    assert written.handed
    assert (await stores.one("SELECT holder FROM reach"))["holder"] == "web-1"

    await stores.handling.finish(turn(lease, [event.seq], now=clock.now()))
    written = await stores.handling.finish(turn(lease, [text.seq], "答二", now=clock.now()))
    assert written.more == ()
    assert (await stores.one("SELECT holder FROM reach"))["holder"] is None


async def test_effects_stand_in_the_transaction_of_the_turn(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "订阅")
    await stores.handling.finish(
        turn(
            lease_of(first),
            [first.seq],
            "好",
            now=clock.now(),
            consents=(ConsentDraft(consent="marketing", state="granted", text_version="t1", seq=first.seq),),
            attributions=(AttributionDraft(scene="s1", campaign="spring", agent=None),),
        )
    )

    consent = await stores.one("SELECT * FROM consent_entry")
    assert (consent["customer_id"], consent["state"], consent["seq"]) == (first.person.customer_id, "granted", 1)
    attribution = await stores.one("SELECT * FROM attribution")
    assert (attribution["identity_id"], attribution["scene"], attribution["campaign"]) == (
        first.person.identity_id,
        "s1",
        "spring",
    )
    assert (await visitors.say("alice", "再来")).person.consents == {"marketing": "granted"}


async def test_the_latest_word_on_a_consent_counts(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    for state in ("granted", "withdrawn"):
        said = await visitors.say("alice", state)
        consents = (ConsentDraft(consent="marketing", state=state, text_version="t1", seq=said.seq),)
        await stores.handling.finish(turn(lease_of(said), [said.seq], now=clock.now(), consents=consents))

    said = await visitors.say("alice", "再来")
    assert said.person.consents == {"marketing": "withdrawn"}
    assert (await stores.handling.person(lease_of(said))).consents == {"marketing": "withdrawn"}


async def test_abandoned_work_is_taken_over_when_the_lease_ends_and_not_before(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    second = await visitors.say("alice", "二")
    await clock.advance(LEASE.total_seconds() - 0.001)
    early = await _take_over(stores, clock)
    await clock.advance(0.001)
    [(lease, seqs)] = await _take_over(stores, clock)

    assert early == []
    assert (lease.holder, lease.epoch, seqs) == ("web-2", 2, [first.seq, second.seq])


async def test_who_lost_the_lease_writes_nothing(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    first = await visitors.say("alice", "一")
    await clock.advance(LEASE.total_seconds())
    [(lease, _)] = await _take_over(stores, clock)

    with pytest.raises(LeaseLost):
        await stores.handling.finish(turn(lease_of(first), [first.seq], "旧", now=clock.now()))
    assert await stores.count("reply") == 0
    written = await stores.handling.finish(turn(lease, [first.seq], "新", now=clock.now()))
    assert written.handed
    with pytest.raises(LeaseLost):
        await stores.handling.finish(turn(lease_of(first), [first.seq], "旧", now=clock.now()))
    assert await stores.count("reply") == 1


async def test_a_lost_lease_in_a_batch_fails_alone(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    lost, kept = await visitors.say("alice", "一"), await visitors.say("bob", "二")
    await stores.change("UPDATE reach SET epoch = 9 WHERE identity_id = :i", i=lost.person.identity_id)
    results = await asyncio.gather(
        stores.handling.finish(turn(lease_of(lost), [lost.seq], "甲", now=clock.now())),
        stores.handling.finish(turn(lease_of(kept), [kept.seq], "乙", now=clock.now())),
        return_exceptions=True,
    )

    assert isinstance(results[0], LeaseLost)
    assert not isinstance(results[1], BaseException)
    assert [row["in_seq"] for row in await stores.rows("SELECT in_seq FROM reply")] == [kept.seq]


async def test_a_renewed_lease_is_not_taken_over(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    first = await visitors.say("alice", "一")
    await clock.advance(5)
    renewed = await stores.handling.renew(lease_of(first), now=clock.now(), until=clock.now() + LEASE)
    await clock.advance(5)

    assert renewed is True
    assert await _take_over(stores, clock) == []


async def test_a_lost_lease_cannot_be_renewed(visitors: Visitors, stores: OpenStores, clock: ManualClock) -> None:
    first = await visitors.say("alice", "一")
    await clock.advance(6)
    await _take_over(stores, clock)

    assert await stores.handling.renew(lease_of(first), now=clock.now(), until=clock.now() + LEASE) is False


async def test_two_processes_never_take_over_the_same_conversation(
    visitors: Visitors, stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    for n in range(12):
        await visitors.say(f"p{n}", "一")
    await clock.advance(6)
    one, other = await asyncio.gather(
        _take_over(stores, clock, holder="web-2"), _take_over(other_stores, clock, holder="web-3")
    )
    rest = await _take_over(stores, clock, holder="web-2")

    taken = [lease.identity_id for lease, _ in (*one, *other, *rest)]
    assert len(taken) == len(set(taken)) == 12


async def test_taking_over_leases_only_what_still_has_work(
    visitors: Visitors, stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    """Another process finishes the work between the search for abandoned work and its claim."""
    first = await visitors.say("alice", "一")
    await stores.handling.release_all(now=clock.now())
    [(lease, _)] = await _take_over(other_stores, clock, holder="web-3")
    await clock.advance(6)
    finished = turn(lease, [first.seq], "答", now=clock.now())
    database = interrupted(stores.database, lambda: other_stores.handling.finish(finished))
    late = Handling(database, stores.writer)
    found = await late.claim_abandoned(
        accounts=ACCOUNTS, holder="web-2", now=clock.now(), until=clock.now() + LEASE, limit=10
    )

    assert found == []
    assert (await visitors.say("alice", "二")).epoch is not None


async def test_the_work_of_accounts_that_are_not_served_here_is_left(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    said = await visitors.say("alice", "一")
    await clock.advance(6)
    now = clock.now()
    found = [
        await stores.handling.claim_abandoned(accounts=served, holder="web-2", now=now, until=now + LEASE, limit=10)
        for served in ([], [said.account_id + 1], [said.account_id])
    ]

    assert [len(claimed) for claimed in found] == [0, 0, 1]


@pytest.mark.parametrize("end", ["the lease ended", "everything was released"])
async def test_what_an_earlier_holder_left_comes_before_a_new_message(
    visitors: Visitors, stores: OpenStores, clock: ManualClock, end: str
) -> None:
    left = [await visitors.say("alice", words) for words in ("一", "二")]
    if end == "the lease ended":
        await clock.advance(6)
    else:
        await stores.handling.release_all(now=clock.now())
    new = await visitors.say("alice", "三")
    lease = lease_of(new)
    behind = await stores.handling.finish(turn(lease, [new.seq], "答三", now=clock.now(), joins=always))
    nothing = await stores.count("reply")
    in_order = await stores.handling.finish(turn(lease, [left[0].seq], "答一", now=clock.now()))

    assert [item.seq for item in behind.behind] == [1, 2, 3]
    assert (behind.rejoin, behind.more, behind.handed, nothing) == ((), (), False, 0)
    assert [item.seq for item in in_order.more] == [2, 3]


async def test_a_message_is_handled_once_even_by_its_holder(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    await visitors.do("alice", Event(kind="view"))
    lease = lease_of(first)
    await stores.handling.finish(turn(lease, [first.seq], "答", now=clock.now()))

    with pytest.raises(LeaseLost, match="handled already"):
        await stores.handling.finish(turn(lease, [first.seq], "再答", now=clock.now()))
    assert await stores.count("reply") == 1


async def test_releasing_everything_lets_others_begin_at_once(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    await visitors.say("alice", "一")
    await visitors.say("bob", "二")

    assert await stores.handling.release_all(now=clock.now()) == 2
    assert len(await _take_over(stores, clock)) == 2
    assert await stores.handling.release_all(now=clock.now()) == 2


async def test_a_lease_of_another_account_is_not_touched(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first = await visitors.say("alice", "一")
    mine = lease_of(first)
    foreign = Lease(account_id=mine.account_id + 1, identity_id=mine.identity_id, holder="web-1", epoch=1)

    assert await stores.handling.renew(foreign, now=clock.now(), until=clock.now() + timedelta(days=1)) is False


async def test_a_consent_names_the_fragment_that_shows_it(
    visitors: Visitors, stores: OpenStores, clock: ManualClock
) -> None:
    first, second = await visitors.say("alice", "退订"), await visitors.say("alice", "谢谢")
    consents = (ConsentDraft(consent="marketing", state="withdrawn", text_version="t1", seq=first.seq),)
    await stores.handling.finish(
        turn(lease_of(first), [first.seq, second.seq], "好", now=clock.now(), consents=consents)
    )

    assert (await stores.one("SELECT seq FROM consent_entry"))["seq"] == first.seq


@pytest.mark.parametrize(("way", "states"), [(Way.HTTP, ["handed", "lost"]), (Way.OUTBOX, ["lost", "lost"])])
async def test_without_active_messages_what_the_answer_does_not_carry_is_lost_and_not_attempted(
    visitors: Visitors, stores: OpenStores, clock: ManualClock, way: Way, states: list[str]
) -> None:
    first = await visitors.say("alice", "一")
    written = await stores.handling.finish(
        turn(lease_of(first), [first.seq], "甲", "乙", now=clock.now(), way=way, active_messages=False)
    )

    assert (written.outbox, written.lost) == (False, states.count("lost"))
    assert [row["state"] for row in await stores.rows("SELECT state FROM reply ORDER BY n")] == states
    assert await stores.count("delivery") == 0
