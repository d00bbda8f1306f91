"""The scope of one search: whose messages count, found out no further than the search needs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from content.rights import Scope
from storage.connection import Connection
from storage.tables import IDENTITY
from storage.viewer import Viewer

#: A scope of at most so many customers, an agent's or a team's, is listed: 2 µs a customer. Of a larger one each
#: candidate is asked for its owner.
LISTED: Final = 10_000
#: So many candidates are asked before a scope is listed: a rare word has no more of them.
ASKED: Final = 256


class SearchScope:
    """Whose messages count. It only spares looking: what is shown was asked for its owner in any case."""

    def __init__(self, viewer: Viewer, *, listed: int = LISTED, asked: int = ASKED) -> None:
        self._viewer = viewer
        self._most = listed
        self._left = asked
        self._identities: frozenset[int] | None = None
        self._is_large = viewer.scope is Scope.ALL

    @property
    def listed(self) -> frozenset[int] | None:
        """The identities that count, once they are listed; None: each candidate is asked for its owner."""
        return self._identities

    async def meet(self, connection: Connection, *, candidates: int) -> frozenset[int] | None:
        """Take note of so many more candidates, and list the scope when there are many and it is small."""
        self._left -= candidates
        if self._identities is None and not self._is_large and self._left < 0:
            self._identities = await self._list(connection)
            self._is_large = self._identities is None
        return self._identities

    async def _list(self, connection: Connection) -> frozenset[int] | None:
        owned = self._viewer.owned()
        # Counted before they are fetched: rows on their way to Python cost more than finding them.
        counted = select(func.count()).select_from(owned.limit(self._most + 1).subquery())
        if (await connection.execute(counted)).scalar_one() > self._most:
            return None
        customers = owned.subquery()
        query = select(IDENTITY.c.id).join(customers, customers.c.customer_id == IDENTITY.c.customer_id)
        return frozenset((await connection.execute(query)).scalars())
