"""Writing the outcome of turns: replies, effects and done work items of many conversations in one transaction."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, String, bindparam, insert, literal_column, select, update

from content.messages import InboundBody
from storage.accounts import Transaction
from storage.connection import Connection
from storage.elder_mode import turn_elder_mode
from storage.errors import LeaseLost
from storage.outgoing import OutgoingRows, reply_key
from storage.owners import own_by_scene
from storage.pending import read_pending
from storage.preferences import choice_row
from storage.records import Handled, Pending, ReplyDraft, Way, Written
from storage.statements import Bulk, Lookup
from storage.tables import ATTRIBUTION, CONSENT_ENTRY, IDENTITY, MARKETING_CHOICE, REACH, REPLY, WORK, waits_in
from storage.tables.instant import to_micros
from storage.tables.work import READY, ReplyState

_DONE = Lookup(
    lambda seqs: (
        update(WORK)
        .where(WORK.c.account_id == bindparam("account", type_=Integer()), WORK.c.seq.in_(seqs))
        .values(
            state=literal_column("'done'"),
            via=bindparam("way", type_=String()),
            handled_at=bindparam("at", type_=BigInteger()),
            joined_to=bindparam("carrier", type_=BigInteger()),
        )
    ),
    of=WORK.c.seq,
)
_LEASE = Lookup(
    lambda identities: (
        update(REACH)
        .where(REACH.c.account_id == bindparam("account", type_=Integer()), REACH.c.identity_id.in_(identities))
        .values(holder=bindparam("by", type_=String()), lease_until=bindparam("until", type_=BigInteger()))
    ),
    of=REACH.c.identity_id,
)
_FIND_HOLDERS = Lookup(
    lambda identities: (
        select(
            REACH.c.identity_id,
            REACH.c.holder,
            REACH.c.epoch,
            REACH.c.conversation_id,
            IDENTITY.c.customer_id,
        )
        .join(IDENTITY, IDENTITY.c.id == REACH.c.identity_id)
        .where(REACH.c.account_id == bindparam("account", type_=Integer()), REACH.c.identity_id.in_(identities))
    ),
    of=REACH.c.identity_id,
)
_FIND_WAITING = Lookup(
    lambda identities: select(WORK.c.identity_id, WORK.c.seq, WORK.c.via, WORK.c.recorded_at).where(
        WORK.c.state == READY,
        waits_in(bindparam("account", type_=Integer())),
        WORK.c.identity_id.in_(identities),
    ),
    of=WORK.c.identity_id,
)
_INSERT_REPLIES = Bulk(REPLY)


async def finish_turns(transaction: Transaction, turns: Sequence[Handled]) -> list[Written | Exception]:
    """Write a batch of turns inside a transaction; results in the batch's order."""
    results: dict[int, Written | Exception] = {}
    for account_id in sorted({turn.lease.account_id for turn in turns}):
        outgoing = OutgoingRows(account_id, transaction.last_seqs[account_id], turns[0].now)
        chosen = [(index, turn) for index, turn in enumerate(turns) if turn.lease.account_id == account_id]
        results |= await _AccountTurns(outgoing).finish(transaction.connection, chosen)
        transaction.last_seqs[account_id] = outgoing.seq
    return [results[index] for index in range(len(turns))]


class _AccountTurns:
    """One account's part of a batch of turns; the account's row lock is held."""

    def __init__(self, outgoing: OutgoingRows) -> None:
        self._outgoing = outgoing
        self._account_id = outgoing.account_id
        self._replies: list[tuple[Any, ...]] = []
        #: The seqs done by (way, carrier), the identities by the (holder, end) of their lease from now on.
        self._done: dict[tuple[str | None, int | None], list[int]] = {}
        self._leases: dict[tuple[str | None, int | None], list[int]] = {}
        self._consents: list[dict[str, Any]] = []
        self._preferences: list[dict[str, Any]] = []
        self._attributions: list[dict[str, Any]] = []
        #: By customer what became of the mode for the elderly.
        self._elders: dict[int, bool] = {}

    async def finish(
        self, connection: Connection, turns: Sequence[tuple[int, Handled]]
    ) -> dict[int, Written | Exception]:
        identity_ids = [turn.lease.identity_id for _, turn in turns]
        holders = await self._holders(connection, identity_ids)
        waiting = await self._waiting(connection, identity_ids)
        late = {i for _, turn in turns for i in [turn.lease.identity_id] if _others(turn, waiting.get(i, {}))}
        pending: dict[int, list[Pending]] = {}
        for item in await read_pending(connection, self._account_id, sorted(late)) if late else []:
            pending.setdefault(item.identity_id, []).append(item)
        results: dict[int, Written | Exception] = {}
        for index, turn in turns:
            mine = holders.get(turn.lease.identity_id)
            if mine is None or (mine.holder, mine.epoch) != (turn.lease.holder, turn.lease.epoch):
                results[index] = LeaseLost(
                    f"conversation of identity {turn.lease.identity_id}: another holder took over"
                )
                continue
            mine_pending = tuple(pending.get(turn.lease.identity_id, ()))
            if mine_pending and mine_pending[0].seq < turn.seqs[0]:
                results[index] = Written(behind=mine_pending)
                continue
            after = tuple(item for item in mine_pending if item.seq > turn.seqs[-1])
            mine_waiting = waiting.get(turn.lease.identity_id, {})
            if not mine_waiting.keys() >= set(turn.seqs):
                results[index] = LeaseLost(f"identity {turn.lease.identity_id}: its messages were handled already")
                continue
            results[index] = self._finish_turn(turn, mine, after, waiting=mine_waiting)
        await self._write(connection)
        return results

    def _finish_turn(self, turn: Handled, mine: Any, after: tuple[Pending, ...], *, waiting: dict[int, Any]) -> Written:
        if after and turn.joins(after[0].inbound.body):
            return Written(rejoin=_leading(after, turn.joins))
        last = turn.seqs[-1]
        vias = {seq: waiting[seq].via for seq in turn.seqs}
        by_outbox = turn.way is Way.OUTBOX or vias.get(last) == "outbox"
        in_time = turn.way is Way.HTTP and not by_outbox
        elsewhere = ReplyState.OUTBOX if turn.active_messages else ReplyState.LOST
        first = elsewhere if by_outbox else ReplyState.HANDED if in_time else ReplyState.READY
        states = [first if n == 0 else elsewhere for n in range(len(turn.replies))]
        for n, (draft, state) in enumerate(zip(turn.replies, states, strict=True)):
            self._add_reply(turn, n, draft, mine=mine, state=state, at=waiting[last].recorded_at)
        way = "outbox" if by_outbox else "http" if in_time else vias.get(last)
        for seq in turn.seqs:
            place = (way, None) if seq == last else (vias.get(seq), last)
            self._done.setdefault(place, []).append(seq)
        self._add_effects(turn, mine)
        holder, until = (turn.lease.holder, to_micros(turn.lease_until)) if after else (None, None)
        self._leases.setdefault((holder, until), []).append(turn.lease.identity_id)
        return Written(
            more=after,
            handed=states[:1] == [ReplyState.HANDED],
            outbox=ReplyState.OUTBOX in states,
            first_by_outbox=states[:1] == [ReplyState.OUTBOX],
            lost=states.count(ReplyState.LOST),
        )

    def _add_reply(self, turn: Handled, n: int, draft: ReplyDraft, *, mine: Any, state: ReplyState, at: int) -> None:
        key = reply_key(self._account_id, turn.seqs[-1], n)
        identity_id = turn.lease.identity_id
        out_seq = self._outgoing.add(
            draft, identity_id=identity_id, conversation_id=mine.conversation_id, idempotency_key=key
        )
        self._replies.append((self._account_id, turn.seqs[-1], n, out_seq, state.value, at))
        if state is ReplyState.OUTBOX:
            self._outgoing.plan(draft, out_seq=out_seq, identity_id=identity_id, author="bot", idempotency_key=key)

    def _add_effects(self, turn: Handled, mine: Any) -> None:
        where = {"account_id": self._account_id, "at": turn.now}
        for consent in turn.consents:
            self._consents.append(
                where
                | {
                    "seq": consent.seq,
                    "customer_id": mine.customer_id,
                    "consent": consent.consent,
                    "state": consent.state,
                    "text_version": consent.text_version,
                }
            )
        for chosen in turn.preferences:
            made = choice_row(
                customer_id=mine.customer_id,
                topic=chosen.topic,
                choice=chosen.choice,
                limit=chosen.limit,
                text_version=chosen.text_version,
            )
            self._preferences.append(where | made | {"seq": chosen.seq})
        if turn.elder is not None:
            self._elders[mine.customer_id] = turn.elder
        for attribution in turn.attributions[:1]:
            self._attributions.append(
                where
                | {
                    "seq": turn.seqs[-1],
                    "identity_id": turn.lease.identity_id,
                    "scene": attribution.scene,
                    "campaign": attribution.campaign,
                    "agent": attribution.agent,
                }
            )

    async def _holders(self, connection: Connection, identity_ids: Sequence[int]) -> dict[int, Any]:
        rows = await _FIND_HOLDERS.run(connection, identity_ids, account=self._account_id)
        return {row.identity_id: row for row in rows}

    async def _waiting(self, connection: Connection, identity_ids: Sequence[int]) -> dict[int, dict[int, Any]]:
        """Return, an identity, the unhandled work by seq: when it was recorded, and the way that was chosen for it."""
        found: dict[int, dict[int, Any]] = {}
        for row in await _FIND_WAITING.run(connection, identity_ids, account=self._account_id):
            found.setdefault(row.identity_id, {})[row.seq] = row
        return found

    async def _write(self, connection: Connection) -> None:
        await self._outgoing.write(connection)
        await _INSERT_REPLIES.run(connection, self._replies)
        at = to_micros(self._outgoing.now)
        for (way, carrier), seqs in self._done.items():
            await _DONE.run(connection, seqs, account=self._account_id, way=way, carrier=carrier, at=at)
        for (by, until), identities in self._leases.items():
            await _LEASE.run(connection, identities, account=self._account_id, by=by, until=until)
        if self._consents:
            await connection.execute(insert(CONSENT_ENTRY), self._consents)
        if self._preferences:
            await connection.execute(insert(MARKETING_CHOICE), self._preferences)
        for customer_id, on in sorted(self._elders.items()):
            await turn_elder_mode(connection, customer_id, on=on, now=self._outgoing.now)
        if self._attributions:
            await connection.execute(insert(ATTRIBUTION), self._attributions)
            await own_by_scene(connection, self._attributions)


def _others(turn: Handled, waiting: dict[int, Any]) -> bool:
    return bool(waiting.keys() - set(turn.seqs))


def _leading(items: tuple[Pending, ...], joins: Callable[[InboundBody], bool]) -> tuple[Pending, ...]:
    """Return the items up to the first that does not join."""
    return tuple(itertools.takewhile(lambda item: joins(item.inbound.body), items))
