"""The scope of one search: whose messages count, found out no further than the search needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
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

    seqs: Mapping[int, NDArray[np.int64]]


@value
class ListedIdentities:
    """A scope by its people, in order: a block says whose its rows are."""

    identities: NDArray[np.int64]

    def among(self, packed: bytes | None, block: Block, distances: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return which rows of a block are theirs; all of them when that is not known or not worth it."""
        if packed is None or distances.size <= FEW:
            return distances
        if not self.identities.size:
            return distances[:0]
        of_whom = np.asarray(identities_of(packed, size=block.size))[distances].astype(np.int64)
        places = np.searchsorted(self.identities, of_whom)
        places[places == self.identities.size] = 0
        theirs: NDArray[np.uint16] = distances[self.identities[places] == of_whom]
        return theirs


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
        return ListedIdentities(identities=_in_order((await connection.execute(query)).scalars().all()))

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
        for account_id, seq in rows:
            seqs.setdefault(account_id, []).append(seq)
        return ListedMessages(seqs={account_id: _in_order(found) for account_id, found in seqs.items()})


def _in_order(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.unique(np.array(numbers, dtype=np.int64))
