"""Searching what was said: the newest first, a page at a time, within a viewer's scope (docs/search.md).

The index gives candidates; each is read in the log and compared before it is shown. So a result is exact, and what was
destroyed is never found, whatever the index says.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import and_, exists, literal_column, select, true

from content.rights import Scope
from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.search_index import CURSOR_NAME
from storage.search_opened import Span
from storage.search_scope import ASKED, LISTED, SearchScope
from storage.search_text import Words, parts_of
from storage.search_walk import Walk
from storage.tables import ACCOUNT, CONTENT, CURSOR, CUSTOMER_OWNER, IDENTITY, MESSAGE
from storage.timeline import SAID, Said, said
from storage.viewer import Viewer

#: Candidates and blocks that are looked at for one page, over all accounts; a page that ends here says where to go on.
_EFFORT: Final = 3_000
#: An account and a seq a pair, in figures that a database takes.
_PLACE: Final = re.compile(r"[0-9]{1,9}-[0-9]{1,18}(\.[0-9]{1,9}-[0-9]{1,18})*")
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
class SearchPlace:
    """Where a page of a search ended: for each account that has more, the seq below which it goes on."""

    below: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return ".".join(f"{account_id}-{seq}" for account_id, seq in self.below)

    @classmethod
    def read(cls, words: str) -> SearchPlace:
        """Return the place that was written as text. Raises ValueError on anything else."""
        if not _PLACE.fullmatch(words):
            raise ValueError(f"{words!r} is no place of a search; take `next` of the page before as it is")
        pairs = [pair.split("-") for pair in words.split(".")]
        return cls(below=tuple((int(account_id), int(seq)) for account_id, seq in pairs))


@value
class Found:
    """One page. With a `next` place there may be more, also behind a page that is not full."""

    messages: tuple[Said, ...]
    next: SearchPlace | None


@value
class _Hit:
    seq: int
    #: Of the log, in microseconds: what messages of several accounts are ordered by.
    recorded_at: Any
    said: Said


@value
class _Part:
    """What was found in one account; `reached`: looked at down to here, None: to the beginning."""

    account_id: int
    hits: list[_Hit]
    reached: int | None


class MessageSearch:
    """Finds messages by their words."""

    def __init__(self, database: Database, *, effort: int = _EFFORT, listed: int = LISTED, asked: int = ASKED) -> None:
        self._database = database
        self._effort = effort
        self._listed = listed
        self._asked = asked

    async def page(self, criteria: Criteria, *, viewer: Viewer, limit: int, before: SearchPlace | None = None) -> Found:
        """Return messages that have all words, the one recorded last first."""
        async with self._database.read() as connection:
            accounts = await _accounts(connection, criteria, viewer=viewer, before=before)
            scope = SearchScope(viewer, listed=self._listed, asked=self._asked)
            parts = []
            for account_id, top, read_to in accounts:
                walk = Walk(
                    account_id,
                    top=top,
                    read_to=read_to,
                    pairs=criteria.words.pairs(),
                    span=criteria.span,
                    scope=scope,
                )
                effort = max(self._effort // len(accounts), 1)
                parts.append(await _search(connection, walk, criteria, viewer=viewer, limit=limit, effort=effort))
        return _merged(parts, limit=limit)


async def _accounts(
    connection: Connection, criteria: Criteria, *, viewer: Viewer, before: SearchPlace | None
) -> list[tuple[int, int, int]]:
    """Return the accounts to look in: the id, the seq below which, and how far the log is indexed."""
    query = (
        select(ACCOUNT.c.id, CURSOR.c.seq)
        .join(CURSOR, and_(CURSOR.c.account_id == ACCOUNT.c.id, CURSOR.c.processor == CURSOR_NAME))
        .where(viewer.sees_account())
        .order_by(ACCOUNT.c.id)
    )
    if criteria.account is not None:
        query = query.where(ACCOUNT.c.name == criteria.account)
    rows = (await connection.execute(query)).all()
    if before is None:
        return [(row.id, row.seq + 1, row.seq) for row in rows]
    below = dict(before.below)
    return [(row.id, min(below[row.id], row.seq + 1), row.seq) for row in rows if row.id in below]


async def _search(
    connection: Connection, walk: Walk, criteria: Criteria, *, viewer: Viewer, limit: int, effort: int
) -> _Part:
    hits: list[_Hit] = []
    reached, looked = walk.at, 0
    while len(hits) < limit and looked + walk.opened < effort:
        candidates = await walk.go_on(connection)
        if candidates is None:
            return _Part(account_id=walk.account_id, hits=hits, reached=None)
        reached, start = walk.at, 0
        while start < len(candidates):
            # So many as will fill the page if they are hits as often as those before. Some are compared in any case,
            # so that the next page begins further down than this one.
            size = int((limit - len(hits)) * (looked + 1) / (len(hits) + 1))
            chunk = candidates[start : start + max(_LEAST_CHUNK, min(size, _MOST_CHUNK))]
            hits += await _compared(connection, walk.account_id, chunk, criteria, viewer=viewer)
            start, looked = start + len(chunk), looked + len(chunk)
            if start < len(candidates) and (len(hits) >= limit or looked + walk.opened >= effort):
                reached = chunk[-1]
                break
    return _Part(account_id=walk.account_id, hits=hits, reached=reached)


async def _compared(
    connection: Connection, account_id: int, seqs: Sequence[int], criteria: Criteria, *, viewer: Viewer
) -> list[_Hit]:
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
        _Hit(seq=row.seq, recorded_at=row.recorded_at, said=said(row))
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


def _merged(parts: Collection[_Part], *, limit: int) -> Found:
    """Return one page of all accounts; it ends where an account was not looked at any further."""
    waiting = [(part, iter(part.hits)) for part in parts]
    heads: list[tuple[Any, int, _Hit]] = []
    left: dict[int, int] = {}
    messages: list[Said] = []

    def pull(number: int) -> bool:
        """Put the next hit of an account among the heads; False when it may have more that is not looked at."""
        part, hits = waiting[number]
        hit = next(hits, None)
        if hit is not None:
            heapq.heappush(heads, (_Newest(hit.recorded_at), number, hit))
            return True
        if part.reached is not None:
            left[part.account_id] = part.reached
        return part.reached is None

    pulled = [pull(number) for number in range(len(waiting))]
    goes_on = all(pulled)
    while heads and goes_on and len(messages) < limit:
        _, number, hit = heapq.heappop(heads)
        messages.append(hit.said)
        goes_on = pull(number)
    for _, number, hit in heads:
        left[waiting[number][0].account_id] = hit.seq + 1
    return Found(messages=tuple(messages), next=SearchPlace(below=tuple(sorted(left.items()))) if left else None)


class _Newest:
    """Orders moments the last one first."""

    __slots__ = ("_moment",)

    def __init__(self, moment: Any) -> None:
        self._moment = moment

    def __lt__(self, other: _Newest) -> bool:
        return bool(self._moment > other._moment)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Newest) and bool(self._moment == other._moment)

    def __hash__(self) -> int:
        return hash(self._moment)
