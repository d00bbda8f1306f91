"""The scope of one search: whose messages count, found out no further than the search needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Final

from sqlalchemy import func, select

from content.rights import Scope
from content.value import value
from storage.connection import Connection
from storage.search_blocks import Block
from storage.search_identities import identities_of
from storage.tables import CONVERSATION, IDENTITY, MESSAGE
from storage.viewer import Viewer

#: A scope of at most so many customers, an agent's or a team's, is listed: 2 µs a customer. Of a larger one each
#: candidate is asked for its owner.
LISTED: Final = 10_000
#: So many candidates are asked before a scope is listed: a rare word has no more of them.
ASKED: Final = 256
#: The messages of an agent, up to so many, are listed themselves: 4 µs a message. Those of more customers than the
#: second number are not even counted.
MESSAGES: Final = 5_000
_CUSTOMERS: Final = 1_000
#: Of a block with so few candidates each is asked for its owner; reading whose its rows are would take as long.
FEW: Final = 4


@value
class ListedMessages:
    """A scope by its messages: for each account their seqs, in order."""

    seqs: Mapping[int, Sequence[int]]


@value
class ListedIdentities:
    """A scope by its people: a block says whose its rows are."""

    identities: frozenset[int]

    def among(self, packed: bytes | None, block: Block, distances: Collection[int]) -> Collection[int]:
        """Return which rows of a block are theirs; all of them when that is not known or not worth it."""
        if packed is None or len(distances) <= FEW:
            return distances
        of_whom = map(identities_of(packed, size=block.size).__getitem__, distances)
        return list(compress(distances, map(self.identities.__contains__, of_whom)))


Listed = ListedMessages | ListedIdentities


class SearchScope:
    """Whose messages count. It only spares looking: what is shown was asked for its owner in any case."""

    def __init__(self, viewer: Viewer, *, listed: int = LISTED, asked: int = ASKED, messages: int = MESSAGES) -> None:
        """Take the bounds: customers, candidates before it is listed, messages that are listed themselves."""
        self._viewer = viewer
        self._most = listed
        self._left = asked
        self._most_messages = messages
        self._listed: Listed | None = None
        self._is_large = viewer.scope is Scope.ALL

    @property
    def listed(self) -> Listed | None:
        """What counts, once it is listed; None: each candidate is asked for its owner."""
        return self._listed

    async def meet(self, connection: Connection, *, candidates: int) -> Listed | None:
        """Take note of so many more candidates, and list the scope when there are many and it is small."""
        self._left -= candidates
        if self._listed is None and not self._is_large and self._left < 0:
            self._listed = await self._list(connection)
            self._is_large = self._listed is None
        return self._listed

    async def _list(self, connection: Connection) -> Listed | None:
        owned = self._viewer.owned()
        # Counted before they are fetched: rows on their way to Python cost more than finding them.
        counted = select(func.count()).select_from(owned.limit(self._most + 1).subquery())
        customers = (await connection.execute(counted)).scalar_one()
        if customers > self._most:
            return None
        if customers <= _CUSTOMERS and (messages := await self._messages(connection)) is not None:
            return messages
        mine = owned.subquery()
        query = select(IDENTITY.c.id).join(mine, mine.c.customer_id == IDENTITY.c.customer_id)
        return ListedIdentities(identities=frozenset((await connection.execute(query)).scalars()))

    async def _messages(self, connection: Connection) -> ListedMessages | None:
        """Return the scope's messages; None when there are too many."""
        mine = self._viewer.owned().subquery()
        query = (
            select(MESSAGE.c.account_id, MESSAGE.c.seq)
            .select_from(mine)
            .join(IDENTITY, IDENTITY.c.customer_id == mine.c.customer_id)
            .join(CONVERSATION, CONVERSATION.c.identity_id == IDENTITY.c.id)
            .join(MESSAGE, MESSAGE.c.conversation_id == CONVERSATION.c.id)
            .limit(self._most_messages + 1)
        )
        rows = (await connection.execute(query)).all()
        if len(rows) > self._most_messages:
            return None
        seqs: dict[int, list[int]] = {}
        for account_id, seq in set(map(tuple, rows)):
            seqs.setdefault(account_id, []).append(seq)
        return ListedMessages(seqs={account_id: sorted(found) for account_id, found in seqs.items()})
