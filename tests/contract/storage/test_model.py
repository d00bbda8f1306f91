"""Anything that pushes, holders, attempts and kills can do, against a simple model of what must come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from content.messages import Text
from storage.errors import LeaseLost
from storage.records import AccountRow, Lease, Recorded, Way
from storage.replies import ATTEMPTS_OVER, Attempt
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import LEASE, Visitors, always, never, turn

T = TypeVar("T")
PEOPLE = ("alice", "bob")
HOLDERS = ("web-1", "web-2")


@dataclass
class Message:
    """What the model knows of one inbound message."""

    seq: int
    person: str
    is_handled: bool = False
    #: At the deadline an attempt was accepted: the reply must leave through the outbox.
    is_for_outbox: bool = False
    #: The words that were given to the platform's attempts.
    told: set[str] = field(default_factory=set)


@dataclass
class Held:
    """A holder's view: its lease and the messages of its turn, in order."""

    lease: Lease
    seqs: list[int]


class Conversations(RuleBasedStateMachine):
    """Two people, two processes, one account; the model is a few dicts."""

    def __init__(self, stores: OpenStores, runner: asyncio.Runner, number: int) -> None:
        super().__init__()
        self.stores = stores
        self.runner = runner
        self.clock = ManualClock()
        self.account: AccountRow = self.run(
            stores.accounts.bring_in([(f"a{number}", "wechat", f"wx-{number}", "账号")])
        )[f"a{number}"]
        sent: dict[str, datetime] = {}
        self.visitors = {
            holder: Visitors(stores.log, self.account, self.clock, holder=holder, sent=sent) for holder in HOLDERS
        }
        self.messages: dict[str, Message] = {}
        #: Until when each person's conversation is leased, absent when it is free.
        self.leased_until: dict[str, datetime] = {}
        #: Who believes to hold a conversation; after a kill or a lost lease a belief may be wrong.
        self.held: dict[tuple[str, str], Held] = {}
        self.next_out = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def _by_seq(self, seq: int) -> Message:
        return next(message for message in self.messages.values() if message.seq == seq)

    def _is_leased(self, person: str) -> bool:
        until = self.leased_until.get(person)
        return until is not None and until > self.clock.now()

    def _record(self, person: str, key: str, holder: str) -> Recorded:
        return self.run(self.visitors[holder].say(person, key, key=key))

    @rule(person=st.sampled_from(PEOPLE), holder=st.sampled_from(HOLDERS))
    def a_new_message_arrives(self, person: str, holder: str) -> None:
        key = f"{person}-{len(self.messages)}"
        recorded = self._record(person, key, holder)
        assert recorded.is_new
        assert (recorded.epoch is None) is self._is_leased(person)
        self.messages[key] = Message(seq=recorded.seq, person=person)
        if recorded.epoch is not None:
            self.leased_until[person] = self.clock.now() + LEASE
            lease = Lease(
                account_id=self.account.id,
                identity_id=recorded.person.identity_id,
                holder=holder,
                epoch=recorded.epoch,
            )
            self.held[(holder, person)] = Held(lease=lease, seqs=[recorded.seq])

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), holder=st.sampled_from(HOLDERS))
    def a_push_is_repeated(self, data: st.DataObject, holder: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.messages)))
        recorded = self._record(self.messages[key].person, key, holder)
        assert (recorded.is_new, recorded.seq, recorded.epoch) == (False, self.messages[key].seq, None)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), way=st.sampled_from(Way), joins=st.booleans(), replies=st.integers(0, 2))
    def a_holder_finishes(self, data: st.DataObject, way: Way, joins: bool, replies: int) -> None:
        self._finish(data.draw(st.sampled_from(sorted(self.held))), way, joins=joins, replies=replies)

    @rule(
        person=st.sampled_from(PEOPLE),
        holder=st.sampled_from(HOLDERS),
        way=st.sampled_from(Way),
        last_word=st.booleans(),
        attempts=st.integers(0, 2),
    )
    def a_new_message_is_answered(self, person: str, holder: str, way: Way, last_word: bool, attempts: int) -> None:
        """The usual course: recorded, perhaps settled at the deadline, handled, asked for again."""
        self.a_new_message_arrives(person, holder)
        message = max(self.messages.values(), key=lambda each: each.seq)
        if last_word:
            self._settle(message, last_word=True, active=True)
        for place in [place for place in self.held if place[1] == person]:
            self._finish(place, way, joins=True, replies=1)
        for _ in range(attempts):
            self._settle(message, last_word=False, active=True)

    def _finish(self, place: tuple[str, str], way: Way, *, joins: bool, replies: int) -> None:
        held = self.held[place]
        words = [f"r{self.next_out + n}" for n in range(replies)]
        self.next_out += replies
        handled = turn(held.lease, held.seqs, *words, now=self.clock.now(), way=way, joins=always if joins else never)
        is_lost = self._has_been_taken_over(held.lease)
        try:
            written = self.run(self.stores.handling.finish(handled))
        except LeaseLost:
            assert is_lost
            del self.held[place]
            return
        assert not is_lost
        if written.behind:
            held.seqs = [written.behind[0].seq]
            return
        if written.behind:
            held.seqs = [written.behind[0].seq]
            return
        if written.rejoin:
            held.seqs += [item.seq for item in written.rejoin]
            return
        for seq in held.seqs:
            self._must_be_the_oldest_open(seq)
            self._by_seq(seq).is_handled = True
        last = self._by_seq(held.seqs[-1])
        if written.handed:
            last.told.add(words[0])
        if last.is_for_outbox:
            assert (written.handed, written.outbox) == (False, bool(words))
        if written.more:
            held.seqs = [written.more[0].seq]
            self.leased_until[place[1]] = self.clock.now() + LEASE
        else:
            del self.held[place]
            self.leased_until.pop(place[1], None)

    def _must_be_the_oldest_open(self, seq: int) -> None:
        message = self._by_seq(seq)
        older = [m for m in self.messages.values() if m.person == message.person and m.seq < seq]
        assert all(m.is_handled for m in older), "a later message was handled before an earlier one"
        assert not message.is_handled, "a message was handled twice"

    def _has_been_taken_over(self, lease: Lease) -> bool:
        row = self.run(
            self.stores.one(
                "SELECT holder, epoch FROM reach WHERE account_id = :a AND identity_id = :i",
                a=self.account.id,
                i=lease.identity_id,
            )
        )
        return bool((row["holder"], row["epoch"]) != (lease.holder, lease.epoch))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_holder_dies(self, data: st.DataObject) -> None:
        del self.held[data.draw(st.sampled_from(sorted(self.held)))]

    @rule()
    def everybody_dies_and_one_starts_again(self) -> None:
        self.held.clear()
        self.leased_until.clear()
        self.run(self.stores.handling.release_all(now=self.clock.now()))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), is_claimed=st.booleans())
    def a_holder_is_paused_beyond_its_lease_and_goes_on(self, data: st.DataObject, is_claimed: bool) -> None:
        place = data.draw(st.sampled_from(sorted(self.held)))
        self.run(self.clock.advance(LEASE.total_seconds()))
        if is_claimed:
            self.abandoned_work_is_taken_over(next(holder for holder in HOLDERS if holder != place[0]))
        self._finish(place, Way.HTTP, joins=False, replies=1)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_holder_renews(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self.held)))
        held = self.held[place]
        now = self.clock.now()
        renewed = self.run(self.stores.handling.renew(held.lease, now=now, until=now + LEASE))
        assert renewed is not self._has_been_taken_over(held.lease)
        if renewed:
            self.leased_until[place[1]] = now + LEASE

    @rule(holder=st.sampled_from(HOLDERS))
    def abandoned_work_is_taken_over(self, holder: str) -> None:
        now = self.clock.now()
        found = self.run(
            self.stores.handling.claim_abandoned(
                accounts=[self.account.id], holder=holder, now=now, until=now + LEASE, limit=10
            )
        )
        free = {m.person for m in self.messages.values() if not m.is_handled and not self._is_leased(m.person)}
        assert sorted(items[0].inbound.sender for _, items in found) == sorted(free)
        for lease, items in found:
            waiting = [
                m.seq for m in self.messages.values() if m.person == items[0].inbound.sender and not m.is_handled
            ]
            assert [item.seq for item in items] == sorted(waiting)
            assert all(isinstance(item.inbound.body, Text) for item in items)
            self.leased_until[items[0].inbound.sender] = now + LEASE
            self.held[(holder, items[0].inbound.sender)] = Held(lease=lease, seqs=[items[0].seq])

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), last_word=st.booleans(), active=st.booleans())
    def an_attempt_is_settled(self, data: st.DataObject, last_word: bool, active: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.messages)))
        self._settle(self.messages[key], last_word=last_word, active=active)

    def _settle(self, message: Message, *, last_word: bool, active: bool) -> None:
        verdict = self.run(
            self.stores.replies.settle(
                Attempt(account_id=self.account.id, seq=message.seq, last_word=last_word, may_use_outbox=active)
            )
        )
        if last_word and active and not message.is_handled:
            message.is_for_outbox = True
        if verdict.wait:
            assert not message.is_handled
            assert not last_word
        if verdict.reply is not None:
            assert message.is_handled
            message.told.add(verdict.reply.fields["content"])

    @rule(active=st.booleans())
    def the_sweep_runs(self, active: bool) -> None:
        now = self.clock.now()
        self.run(
            self.stores.replies.sweep(
                before=now - ATTEMPTS_OVER, now=now, active=frozenset({self.account.id} if active else ())
            )
        )

    @rule(seconds=st.sampled_from((0.5, 4.5, 6.0, 15.0)))
    def time_passes(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))

    def teardown(self) -> None:
        """Compare the database with the model: nothing of it is ever taken back, so once at the end is enough."""
        self.the_log_is_what_the_model_says()
        self.nothing_is_said_twice()

    def the_log_is_what_the_model_says(self) -> None:
        rows = self.run(
            self.stores.rows("SELECT seq, direction FROM message WHERE account_id = :a ORDER BY seq", a=self.account.id)
        )
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        incoming = [row["seq"] for row in rows if row["direction"] == "in"]
        assert incoming == sorted(message.seq for message in self.messages.values())
        works = self.run(self.stores.rows("SELECT seq, state FROM work WHERE account_id = :a", a=self.account.id))
        done = {row["seq"] for row in works if row["state"] == "done"}
        assert done == {message.seq for message in self.messages.values() if message.is_handled}

    def nothing_is_said_twice(self) -> None:
        deliveries = self.run(
            self.stores.rows(
                "SELECT r.in_seq, r.n, r.state FROM reply r JOIN delivery d"
                " ON d.account_id = r.account_id AND d.out_seq = r.out_seq WHERE r.account_id = :a",
                a=self.account.id,
            )
        )
        assert len({(row["in_seq"], row["n"]) for row in deliveries}) == len(deliveries)
        planned_first = {row["in_seq"] for row in deliveries if row["n"] == 0}
        for message in self.messages.values():
            assert len(message.told) <= 1, "two attempts were told different words"
            assert not (message.told and message.seq in planned_first), "told to an attempt and sent as well"


def test_conversations_keep_their_promises(database_url: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:

        async def opened() -> OpenStores:
            return open_stores(database_url, home=tmp_path)

        stores = runner.run(opened())
        numbers = iter(range(10_000))
        try:
            run_state_machine_as_test(
                cast(type[RuleBasedStateMachine], lambda: Conversations(stores, runner, next(numbers))),
                settings=settings(
                    max_examples=50,
                    stateful_step_count=40,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(stores.close())
    assert next(numbers) >= 50
