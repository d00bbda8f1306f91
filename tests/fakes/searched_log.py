"""People who say things on two accounts, and the search over what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from content.messages import InboundBody, Text
from handlers.people.search import read_words
from handlers.processing import Processing
from storage.cursors import Cursors
from storage.records import AccountRow
from storage.search import Found, MessageSearch, SearchPlace
from storage.search_account import Criteria
from storage.search_index import SearchIndex
from storage.search_opened import Span
from storage.viewer import COMMAND_LINE, Viewer
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


class SearchedLog:
    """Says, indexes and searches."""

    def __init__(self, stores: OpenStores, accounts: Mapping[str, AccountRow], clock: ManualClock) -> None:
        self.stores = stores
        self.index = SearchIndex(stores.database)
        self.search = MessageSearch(stores.database)
        self.clock = clock
        self._accounts = accounts
        self._visitors = {
            name: Visitors(stores.log, row, clock, holder=f"talk-{name}") for name, row in accounts.items()
        }

    def account_id(self, name: str = "service") -> int:
        """Return an account's id."""
        return self._accounts[name].id

    def visitors(self, account: str = "service") -> Visitors:
        """Return those who write to an account."""
        return self._visitors[account]

    async def say(self, *words: str, person: str = "alice", account: str = "service") -> int:
        """Let a person say something, a second apart; return the seq of the last."""
        return await self.do(*[Text(content=each) for each in words], person=person, account=account)

    async def do(self, *bodies: InboundBody, person: str = "alice", account: str = "service") -> int:
        """Let a person send something, a second apart; return the seq of the last."""
        seq = 0
        for body in bodies:
            await self.clock.advance(1)
            arrival = self._visitors[account].arrival(person, body, handle=False)
            seq = (await self.stores.log.record(arrival)).seq
        return seq

    async def read(self, *, batch: int = 512) -> int:
        """Let the processor read what it has not read; return how many rows."""
        return await Processing(Cursors(self.stores.database), [self.index], batch=batch, most=10**9).run()

    async def page(
        self,
        words: str,
        *,
        viewer: Viewer = COMMAND_LINE,
        limit: int = 100,
        before: SearchPlace | None = None,
        account: str | None = None,
        direction: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        search: MessageSearch | None = None,
    ) -> Found:
        """Return one page."""
        criteria = Criteria(
            words=read_words(words), account=account, direction=direction, span=Span(since=since, until=until)
        )
        return await (search or self.search).page(criteria, viewer=viewer, limit=limit, before=before)

    async def seqs(self, words: str, **options: Any) -> list[int]:
        """Return the seqs of one page."""
        return [said.seq for said in (await self.page(words, **options)).messages]

    async def places(self, words: str, *, limit: int, **options: Any) -> list[Sequence[tuple[str, int]]]:
        """Return all pages, each as account and seq of its messages."""
        pages: list[Sequence[tuple[str, int]]] = []
        before: SearchPlace | None = None
        while True:
            found = await self.page(words, limit=limit, before=before, **options)
            pages.append([(said.account, said.seq) for said in found.messages])
            if found.next is None:
                return pages
            before = SearchPlace.read(str(found.next))

    async def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows of the index."""
        return {
            "block": await self.stores.rows("SELECT * FROM search_block ORDER BY account_id, first_seq"),
            "posting": [
                row | {"packed": bytes(row["packed"])}
                for row in await self.stores.rows(
                    "SELECT * FROM search_posting ORDER BY account_id, size, first_seq, lead"
                )
            ],
            "cursor": await self.stores.rows("SELECT * FROM cursor ORDER BY processor, account_id"),
        }
