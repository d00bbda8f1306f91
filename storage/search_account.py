"""Searching one account's log: its messages that have the words, the newest first, as far as they are asked for."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import and_, exists, literal_column, select, true

from content.rights import Scope
from content.value import value
from storage.connection import Connection
from storage.search_opened import Span
from storage.search_text import Words, parts_of
from storage.search_walk import Walk
from storage.tables import ACCOUNT, CONTENT, CUSTOMER_OWNER, IDENTITY, MESSAGE
from storage.timeline import SAID, Said, said
from storage.viewer import Viewer

#: Candidates that are read and compared at once.
_LEAST_CHUNK: Final = 32
_MOST_CHUNK: Final = 512


@value
class Criteria:
    """What is looked for: words, and where they may stand."""

    words: Words
    #: Name of the account, None for all.
    account: str | None = None
    #: "in" or "out".
    direction: str | None = None
    span: Span = Span()


@value
class Hit:
    """A message that has the words."""

    seq: int
    #: Of the log, in microseconds: what messages of several accounts are ordered by.
    recorded_at: Any
    said: Said


class AccountSearch:
    """Goes down one account's log no further than somebody looks: what is found waits in `hits`."""

    def __init__(self, walk: Walk, criteria: Criteria, *, viewer: Viewer, effort: int) -> None:
        """`effort`: so many candidates are looked at before it stops; a block that is opened counts as several."""
        self.account_id = walk.account_id
        self.hits: deque[Hit] = deque()
        #: Looked at down to here; None: to the beginning.
        self.reached: int | None = walk.at
        self._walk = walk
        self._criteria = criteria
        self._viewer = viewer
        self._effort = effort
        self._candidates: Sequence[int] = ()
        self._looked = 0
        self._found = 0

    @property
    def rest(self) -> int | None:
        """The seq below which the next page goes on; None when there is nothing more."""
        return self.hits[0].seq + 1 if self.hits else self.reached

    async def look(self, connection: Connection, *, wanted: int) -> None:
        """Look on until a hit waits, the effort is spent or the log is at its beginning; `wanted` fill the page."""
        while not self.hits and self.reached is not None and self._looked + self._walk.effort < self._effort:
            if not self._candidates:
                candidates = await self._some(connection)
                if candidates is None:
                    self.reached = None
                    return
                self._candidates = candidates
            # So many as will fill the page if they are hits as often as those before. Some are compared in any case,
            # so that the next page begins further down than this one.
            size = max(_LEAST_CHUNK, min(wanted * (self._looked + 1) // (self._found + 1), _MOST_CHUNK))
            chunk, self._candidates = self._candidates[:size], self._candidates[size:]
            self.reached = chunk[-1] if self._candidates else self._walk.at
            if chunk:
                self.hits += await _compared(connection, self.account_id, chunk, self._criteria, viewer=self._viewer)
            self._looked += len(chunk)
            self._found += len(self.hits)

    async def _some(self, connection: Connection) -> list[int] | None:
        """Return the next candidates, as many as are compared at once if there are; None at the log's beginning."""
        found: list[int] = []
        while len(found) < _LEAST_CHUNK and self._looked + self._walk.effort < self._effort:
            more = await self._walk.go_on(connection)
            if more is None:
                return found or None
            found += more
        return found


async def _compared(
    connection: Connection, account_id: int, seqs: Sequence[int], criteria: Criteria, *, viewer: Viewer
) -> list[Hit]:
    """Return the messages among `seqs` that the viewer may see and that have the words, the newest first."""
    span = criteria.span
    owned = select(CUSTOMER_OWNER.c.customer_id).where(CUSTOMER_OWNER.c.customer_id == IDENTITY.c.customer_id)
    query = _messages().where(
        MESSAGE.c.account_id == account_id,
        MESSAGE.c.seq.in_(seqs),
        viewer.sees_account(),
        # Not `sees_customer`: its list of a branch's customers would be made anew for every few candidates.
        true() if viewer.scope is Scope.ALL else exists(owned.where(viewer.owns())),
        true() if criteria.direction is None else MESSAGE.c.direction == criteria.direction,
        true() if span.since is None else MESSAGE.c.sent_at >= span.since,
        true() if span.until is None else MESSAGE.c.sent_at < span.until,
    )
    rows = (await connection.execute(query.order_by(MESSAGE.c.seq.desc()))).all()
    return [
        Hit(seq=row.seq, recorded_at=row.recorded_at, said=said(row))
        for row in rows
        if criteria.words.stand_in(parts_of(row.kind, json.loads(row.fields)))
    ]


_seq_alone = MESSAGE.c.seq.op("+")(literal_column("0"))


def _messages() -> Any:
    return (
        select(*SAID, MESSAGE.c.recorded_at)
        .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
        .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
        # Without `+ 0` SQLite asks for each message's content with every one of the seqs: 500 ms instead of 5 for 512.
        .join(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == _seq_alone))
    )
