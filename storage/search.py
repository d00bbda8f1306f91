"""Searching what was said: the newest first, a page at a time, within a viewer's scope (docs/search.md).

The index gives candidates; each is read in the log and compared before it is shown. So a result is exact, and what was
destroyed is never found, whatever the index says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import and_, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.search_account import AccountSearch, Criteria
from storage.search_index import CURSOR_NAME
from storage.search_scope import ASKED, LISTED, MESSAGES, SearchScope
from storage.search_walk import Walk
from storage.tables import ACCOUNT, CURSOR
from storage.timeline import Said
from storage.viewer import Viewer

#: Candidates that are looked at for one page, over all accounts, a block counted as several: some 60 ms. A page that
#: ends here says where to go on.
_EFFORT: Final = 2_000
#: An account and a seq a pair, in figures that a database takes.
_PLACE: Final = re.compile(r"[0-9]{1,9}-[0-9]{1,18}(\.[0-9]{1,9}-[0-9]{1,18})*")


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


class MessageSearch:
    """Finds messages by their words."""

    def __init__(
        self,
        database: Database,
        *,
        effort: int = _EFFORT,
        listed: int = LISTED,
        asked: int = ASKED,
        messages: int = MESSAGES,
    ) -> None:
        """The bounds but for `effort` are those of `SearchScope`."""
        self._database = database
        self._effort = effort
        self._listed = listed
        self._asked = asked
        self._messages = messages

    async def page(self, criteria: Criteria, *, viewer: Viewer, limit: int, before: SearchPlace | None = None) -> Found:
        """Return messages that have all words, the one recorded last first."""
        async with self._database.read() as connection:
            accounts = await _accounts(connection, criteria, viewer=viewer, before=before)
            scope = SearchScope(viewer, listed=self._listed, asked=self._asked, messages=self._messages)
            effort = max(self._effort // max(len(accounts), 1), 1)
            searches = []
            for account_id, top, read_to in accounts:
                walk = Walk(
                    account_id,
                    top=top,
                    read_to=read_to,
                    pairs=criteria.words.pairs(),
                    span=criteria.span,
                    scope=scope,
                )
                searches.append(AccountSearch(walk, criteria, viewer=viewer, effort=effort))
            return await _page(connection, searches, limit=limit)


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


async def _page(connection: Connection, searches: Sequence[AccountSearch], *, limit: int) -> Found:
    """Return the newest hits of all accounts; the page ends early where an account is not looked at any further."""
    messages: list[Said] = []
    while len(messages) < limit:
        for search in searches:
            await search.look(connection, wanted=limit - len(messages))
        waiting = [search for search in searches if search.hits]
        if not waiting or any(search.reached is not None for search in searches if not search.hits):
            break
        newest = max(waiting, key=_recorded_at)
        messages.append(newest.hits.popleft().said)
    left = [(search.account_id, rest) for search in searches if (rest := search.rest) is not None]
    return Found(messages=tuple(messages), next=SearchPlace(below=tuple(sorted(left))) if left else None)


def _recorded_at(search: AccountSearch) -> Any:
    return search.hits[0].recorded_at
