"""The log's entrance: inbound messages recorded once, in order, together with their work items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, insert, select, update
from sqlalchemy.engine import Dialect

from content.messages import encode_body
from storage.accounts import Transaction
from storage.connection import Connection
from storage.digests import platform_key, platform_month
from storage.group_commit import GroupCommitWriter
from storage.log_rows import LogRows
from storage.people import REACH_AT, find_or_make_identities, latest_consent_rows, person_of, upsert
from storage.probe import Probe, no_probe
from storage.records import Arrival, ConsentRow, Handled, Recorded, Written
from storage.statements import Bulk, Lookup
from storage.tables import CONVERSATION, MESSAGE_KEY, REACH, WORK
from storage.tables.instant import to_micros
from storage.turns import finish_turns

_REACH_COLUMNS = tuple(column.name for column in REACH.columns)


def _upsert_reach(dialect: Dialect) -> Any:
    statement = upsert(dialect)(REACH)
    changes = {name: statement.excluded[name] for name in _REACH_COLUMNS if name not in {"account_id", "identity_id"}}
    return statement.on_conflict_do_update(index_elements=["account_id", "identity_id"], set_=changes)


_UPSERT_REACH = Bulk(REACH, make=_upsert_reach)
_OPEN_CONVERSATIONS = Bulk(
    CONVERSATION,
    columns=[CONVERSATION.c.account_id, CONVERSATION.c.identity_id, CONVERSATION.c.opened_at],
    make=lambda _dialect: insert(CONVERSATION).returning(CONVERSATION.c.id, CONVERSATION.c.identity_id),
)
_INSERT_KEYS = Bulk(MESSAGE_KEY)
_INSERT_WORK = Bulk(WORK)


class Log:
    """Records what arrives. Returns only when it is durable."""

    def __init__(self, writer: GroupCommitWriter, *, probe: Probe = no_probe) -> None:
        self._writer = writer
        self._probe = probe

    async def record(self, arrival: Arrival) -> Recorded:
        """Record an arrival once under its (account, key), with its work item; lease its conversation if it is free.

        A turn that is drafted at once is written in the same transaction.
        """
        self._probe("received")
        try:
            recorded = await self._writer.write(self._record, arrival, account_id=arrival.account.id)
        except Exception:
            if arrival.at_once is None:
                raise
            # It may be the turn that cannot be written; what was said must be recorded all the same.
            alone = replace(arrival, at_once=None)
            recorded = await self._writer.write(self._record, alone, account_id=arrival.account.id)
        self._probe("recorded" if recorded.written is None else "handled")
        return recorded

    async def _record(self, transaction: Transaction, arrivals: Sequence[Arrival]) -> list[Recorded]:
        results = await record_arrivals(transaction, arrivals)
        drafts: dict[int, Handled] = {}
        for index, (arrival, recorded) in enumerate(zip(arrivals, results, strict=True)):
            if recorded.epoch is not None and arrival.at_once is not None:
                handled = arrival.at_once(recorded)
                if handled is not None:
                    drafts[index] = handled
        if drafts:
            self._probe("handling")
            found = await finish_turns(transaction, list(drafts.values()))
            for index, written in zip(drafts, found, strict=True):
                # What others of the person's messages belong to, or what somebody else holds, is left to the lanes.
                if isinstance(written, Written) and not written.behind and not written.rejoin:
                    results[index] = replace(results[index], written=written)
        return results


async def record_arrivals(transaction: Transaction, arrivals: Sequence[Arrival]) -> list[Recorded]:
    """Record a batch inside a transaction; results in the batch's order."""
    results: dict[int, Recorded] = {}
    for account_id in sorted({arrival.account.id for arrival in arrivals}):
        indexes = [index for index, arrival in enumerate(arrivals) if arrival.account.id == account_id]
        batch = _AccountBatch(account_id, transaction.last_seqs[account_id])
        found = await batch.record(transaction.connection, [arrivals[index] for index in indexes])
        transaction.last_seqs[account_id] = batch.seq
        results |= zip(indexes, found, strict=True)
    return [results[index] for index in range(len(arrivals))]


class _AccountBatch:
    """One account's part of a batch. Its row lock is held, so what is read here cannot change before the commit."""

    def __init__(self, account_id: int, last_seq: int) -> None:
        self._account_id = account_id
        self.seq = last_seq
        self._log = LogRows(account_id)
        self._work: list[tuple[Any, ...]] = []
        self._keys: list[tuple[Any, ...]] = []
        self._reach: dict[int, dict[str, Any]] = {}
        self._consent_rows: dict[int, dict[str, ConsentRow]] = {}

    async def record(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Recorded]:
        first = arrivals[0]
        keys = [platform_key(arrival.inbound.key, arrival.inbound.sent_at) for arrival in arrivals]
        known = await _known_keys(connection, self._account_id, keys)
        people = await find_or_make_identities(
            connection,
            account_id=self._account_id,
            realm=first.account.realm,
            external_ids=[arrival.inbound.sender for arrival in arrivals],
            now=first.now,
        )
        fresh = [a for a, key in zip(arrivals, keys, strict=True) if key not in known]
        if any(arrival.handle for arrival in fresh):
            customers = [person.customer_id for person in people.values()]
            self._consent_rows = await latest_consent_rows(connection, customers)
        await self._open_conversations(connection, fresh, people)
        results = [self._take(a, key, people[a.inbound.sender], known) for a, key in zip(arrivals, keys, strict=True)]
        await self._write(connection)
        return results

    async def _open_conversations(
        self, connection: Connection, fresh: Sequence[Arrival], people: dict[str, Any]
    ) -> None:
        """Give everybody who says something an open conversation: theirs, or a new one after a long silence."""
        opening: dict[int, datetime] = {}
        stale: list[int] = []
        # Acts first: a receipt beside a person's words must not keep their old conversation open.
        for arrival in sorted(fresh, key=lambda each: not each.is_act):
            person = people[arrival.inbound.sender]
            if person.person_id in self._reach or person.person_id in opening:
                continue
            if person.conversation_id is not None and (
                not arrival.is_act or _idle(person, arrival) < arrival.idle_close
            ):
                self._reach[person.person_id] = _reach_of(person)
            else:
                opening[person.person_id] = arrival.now
                if person.conversation_id is not None:
                    self._reach[person.person_id] = _reach_of(person)
                    stale.append(person.conversation_id)
        if stale:
            closed_at = fresh[0].now
            closing = update(CONVERSATION).where(CONVERSATION.c.id.in_(stale), CONVERSATION.c.closed_at.is_(None))
            await connection.execute(closing.values(closed_at=closed_at))
        if opening:
            rows = [(self._account_id, identity_id, to_micros(at)) for identity_id, at in opening.items()]
            for row in await _OPEN_CONVERSATIONS.run(connection, rows):
                blank = _blank_reach(self._account_id, row.identity_id)
                self._reach.setdefault(row.identity_id, blank)["conversation_id"] = row.id

    def _take(self, arrival: Arrival, key: bytes, person: Any, known: dict[bytes, int]) -> Recorded:
        """Add one arrival's rows, unless it is known, and say where it stands."""
        seq = known.get(key)
        if seq is not None:
            return Recorded(
                account_id=self._account_id,
                seq=seq,
                is_new=False,
                person=person_of(person, self._known_reach(person), consent_rows={}),
                epoch=None,
            )
        self.seq = known[key] = seq = self.seq + 1
        reach = self._reach[person.person_id]
        epoch = _lease(reach, arrival) if arrival.handle else None
        _note_act(reach, arrival)
        self._add_rows(arrival, key, seq, reach)
        return Recorded(
            account_id=self._account_id,
            seq=seq,
            is_new=True,
            person=person_of(person, reach, consent_rows=self._consent_rows.get(person.customer_id, {})),
            epoch=epoch,
        )

    def _known_reach(self, person: Any) -> dict[str, Any]:
        return self._reach.get(person.person_id) or _reach_of(person)

    def _add_rows(self, arrival: Arrival, key: bytes, seq: int, reach: dict[str, Any]) -> None:
        kind, fields = encode_body(arrival.inbound.body)
        if arrival.staff is not None:
            fields = {**fields, "staff": arrival.staff}
        now = to_micros(arrival.now)
        self._keys.append((self._account_id, key, seq))
        self._log.add(
            seq,
            fields,
            month=platform_month(arrival.now),
            direction="in" if arrival.staff is None else "out",
            kind=kind,
            identity_id=reach["identity_id"],
            conversation_id=reach["conversation_id"],
            sent_at=to_micros(arrival.inbound.sent_at),
            recorded_at=now,
        )
        if arrival.handle:
            self._work.append((self._account_id, seq, reach["identity_id"], "ready", None, now, None, None))

    async def _write(self, connection: Connection) -> None:
        if not self._log:
            return
        await _INSERT_KEYS.run(connection, self._keys)
        await self._log.write(connection)
        await _INSERT_WORK.run(connection, self._work)
        await _UPSERT_REACH.run(connection, [tuple(reach.values()) for reach in self._reach.values()])


_FIND_KEYS = Lookup(
    lambda keys: select(MESSAGE_KEY.c.key, MESSAGE_KEY.c.seq).where(
        MESSAGE_KEY.c.account_id == bindparam("account", type_=Integer()), MESSAGE_KEY.c.key.in_(keys)
    ),
    of=MESSAGE_KEY.c.key,
)


async def _known_keys(connection: Connection, account_id: int, keys: Sequence[bytes]) -> dict[bytes, int]:
    return {bytes(row.key): row.seq for row in await _FIND_KEYS.run(connection, keys, account=account_id)}


def _idle(person: Any, arrival: Arrival) -> timedelta:
    return timedelta(microseconds=to_micros(arrival.now) - person.last_at)


def _reach_of(person: Any) -> dict[str, Any]:
    """Return the stored values of a person's `reach` in the order of its columns."""
    reach = dict(zip(_REACH_COLUMNS, person[REACH_AT:], strict=False))
    if reach["followed"] is not None:
        reach["followed"] = bool(reach["followed"])
    return reach


def _blank_reach(account_id: int, identity_id: int) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(_REACH_COLUMNS)
    return blank | {"account_id": account_id, "identity_id": identity_id, "quota_left": 0, "epoch": 0}


def _lease(reach: dict[str, Any], arrival: Arrival) -> int | None:
    """Lease a free conversation to the arrival's process; return the lease's epoch, None when somebody holds it."""
    if reach["holder"] is not None and reach["lease_until"] > to_micros(arrival.now):
        return None
    reach["holder"], reach["lease_until"] = arrival.holder, to_micros(arrival.lease_until)
    reach["epoch"] += 1
    return int(reach["epoch"])


def _note_act(reach: dict[str, Any], arrival: Arrival) -> None:
    """What an act of the person changes: the reply window and quota (the higher, until the later end), following.

    What the platform tells by itself (a receipt, say) changes nothing.
    """
    now = to_micros(arrival.now)
    if reach["last_at"] is None:
        reach["last_at"] = now
    if not arrival.is_act:
        return
    reach["last_at"] = now
    reach["unreachable"] = None
    said_at = to_micros(arrival.inbound.sent_at)
    if arrival.followed is not None and said_at >= (reach["followed_at"] or 0):
        reach["followed"], reach["followed_at"] = arrival.followed, said_at
    if arrival.grant is None:
        return
    running = reach["quota_until"] is not None and reach["quota_until"] > now
    until = to_micros(arrival.now + arrival.grant.window)
    reach["quota_left"] = max(reach["quota_left"] if running else 0, arrival.grant.messages)
    reach["quota_until"] = max(reach["quota_until"], until) if running else until
