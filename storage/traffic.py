"""How many messages came in an hour, and how soon they were answered: the Operations page's chart.

Read from the work items (one an inbound message or event) and their first replies, both by their primary keys. There is
no index by time, and the message path pays for none: within an account `recorded_at` grows with `seq`, so the row at
which a time begins is found by halving, some twenty look-ups however long the log is. Only rows of the hours in
question are read after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, func, literal, select, type_coerce

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.tables import ACCOUNT, REPLY, WORK
from storage.tables.instant import to_micros
from storage.tables.work import WorkState

_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = timedelta(hours=1)
#: An answer that comes within this time counts as prompt: what the platforms wait for.
PROMPT: Final = timedelta(seconds=5)
#: Clocks of several processes differ: a row may stand that much before or after its time's place in the log.
_SLACK: Final = timedelta(minutes=1)
#: Hours that are kept, by account: more than anybody asks for at once.
_KEPT: Final = 48


@value
class Hour:
    """What came in one hour over all accounts. The three counts are those of `messages`, apart."""

    begins: datetime
    prompt: int = 0
    #: Answered after more than five seconds.
    later: int = 0
    #: Not answered, or not yet: events, what a person answers, fragments that a later message's answer covers.
    silent: int = 0

    @property
    def messages(self) -> int:
        """All messages and events that came in."""
        return self.prompt + self.later + self.silent

    def __add__(self, other: Hour) -> Hour:
        return Hour(
            begins=self.begins,
            prompt=self.prompt + other.prompt,
            later=self.later + other.later,
            silent=self.silent + other.silent,
        )


class Traffic:
    """Counts the last hours. Those that ended with nothing unhandled are remembered: they do not change any more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._over: dict[int, dict[datetime, Hour]] = {}
        #: By account a row before which no hour begins that is still to be read.
        self._floor: dict[int, int] = {}

    async def hours(self, *, begins: Sequence[datetime], now: datetime) -> list[Hour]:
        """Return the hours that begin at these moments, each an hour after the one before. Raises StorageError."""
        total = [Hour(begins=at) for at in begins]
        async with self._database.read() as connection:
            for account in (await connection.execute(select(ACCOUNT.c.id, ACCOUNT.c.last_seq))).all():
                counted = await self._count(connection, account, begins=begins, now=now)
                total = [whole + counted[whole.begins] for whole in total]
        return total

    async def _count(
        self, connection: Connection, account: Any, *, begins: Sequence[datetime], now: datetime
    ) -> dict[datetime, Hour]:
        """Return one account's hours by their beginnings."""
        over = self._over.setdefault(account.id, {})
        first = next((at for at in begins if at not in over), None)
        if first is None:
            return over
        floor = await self._first_row(connection, account, at=first - _SLACK)
        found = {at: over.get(at, Hour(begins=at)) for at in begins}
        unhandled: set[datetime] = set()
        for row in (await connection.execute(count_from(account.id, seq=floor, since=first))).all():
            at = first + row.hour * _HOUR
            found[at] = Hour(begins=at, prompt=row.prompt, later=row.later, silent=row.silent)
            if row.unhandled:
                unhandled.add(at)
        over.update({at: hour for at, hour in found.items() if at + _HOUR + _SLACK <= now and at not in unhandled})
        for at in sorted(over)[:-_KEPT]:
            del over[at]
        self._floor[account.id] = floor
        return found

    async def _first_row(self, connection: Connection, account: Any, *, at: datetime) -> int:
        """Return the `seq` of the first row recorded at `at` or later; one past the log's end when there is none."""
        low, high = self._floor.get(account.id, 1), account.last_seq + 1
        if low > 1 and await _is_before(connection, account.id, seq=low, at=at) is False:
            # Somebody asks for earlier hours than were asked for before.
            low = 1
        while low < high:
            middle = (low + high) // 2
            if await _is_before(connection, account.id, seq=middle, at=at):
                low = middle + 1
            else:
                high = middle
        return low


async def _is_before(connection: Connection, account_id: int, *, seq: int, at: datetime) -> bool:
    """Whether the first work item from `seq` on was recorded before `at`; no item is as one of the future."""
    query = (
        select(WORK.c.recorded_at)
        .where(WORK.c.account_id == account_id, WORK.c.seq >= seq)
        .order_by(WORK.c.account_id, WORK.c.seq)
        .limit(1)
    )
    found: datetime | None = (await connection.execute(query)).scalar()
    return found is not None and found < at


def count_from(account_id: int, *, seq: int, since: datetime) -> Select[int, int, int, int, int]:
    """Return the query that counts an account's rows from `seq` on by the hours after `since`."""
    recorded = type_coerce(WORK.c.recorded_at, BigInteger)
    took = type_coerce(WORK.c.handled_at, BigInteger) - recorded
    hour = ((recorded - literal(to_micros(since), BigInteger)) // literal(_HOUR // _MICROSECOND, BigInteger)).label(
        "hour"
    )
    answered = REPLY.c.n.is_not(None)
    soon = took <= PROMPT // _MICROSECOND
    return (
        select(
            hour,
            _count_of(answered & soon).label("prompt"),
            _count_of(answered & ~soon).label("later"),
            _count_of(~answered).label("silent"),
            _count_of(WORK.c.state != WorkState.DONE).label("unhandled"),
        )
        .select_from(
            WORK.outerjoin(
                REPLY,
                and_(REPLY.c.account_id == WORK.c.account_id, REPLY.c.in_seq == WORK.c.seq, REPLY.c.n == 0),
            )
        )
        .where(WORK.c.account_id == account_id, WORK.c.seq >= seq, WORK.c.recorded_at >= since)
        .group_by(hour)
    )


def _count_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))
