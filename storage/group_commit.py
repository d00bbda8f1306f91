"""The group-commit writer: many callers' small writes share one transaction and so one fsync.

While one batch commits, the next gathers; it also takes in what the event loop has ready. A transaction costs about
half a millisecond of the interpreter however few rows it writes, so small batches would eat the very time in which
messages are parsed. Nobody waits for what has not arrived. A caller's future is resolved only after COMMIT has
returned. When a batch fails, its items are tried again one by one, so that one bad item cannot take others with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from storage.accounts import Transaction, lock_accounts, write_last_seq
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Applies a batch inside a transaction and returns one result an item; an Exception as a result fails that item alone.
Apply = Callable[[Transaction, Sequence[Item]], Awaitable[Sequence[Result | Exception]]]

_Entry = tuple[Apply[Any, Any], Any, int, "asyncio.Future[Any]"]


class GroupCommitWriter:
    """Gathers writes and commits them in batches of at most `max_batch`, one batch at a time."""

    def __init__(self, database: Database, *, max_batch: int = 256) -> None:
        self._database = database
        self._max_batch = max_batch
        self._queue: list[_Entry] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, apply: Apply[Item, Result], item: Item, *, account_id: int) -> Result:
        """Return what `apply` made of `item`, once it is durable. Raises what `apply` or the database raised.

        `account_id` is the account whose rows are written; its row is locked for the transaction.
        """
        if self._closed:
            raise StorageError("the writer is closed: the process is stopping")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((apply, item, account_id, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="group-commit")
        return await future

    async def close(self) -> None:
        """Refuse new writes and return when all accepted ones are settled."""
        self._closed = True
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._gather()
                batch, self._queue = self._queue[: self._max_batch], self._queue[self._max_batch :]
                await self._commit(batch)
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Let the loop read what has arrived meanwhile, for as long as the batch grows by it. Alone, nobody waits."""
        seen = 0
        while seen < len(self._queue) < self._max_batch:
            seen = len(self._queue)
            await asyncio.sleep(0)

    async def _commit(self, batch: list[_Entry]) -> None:
        try:
            results = await self._apply(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, the callers must hear of it
            if len(batch) == 1:
                _settle(batch[0], error)
            else:
                for entry in batch:
                    await self._commit([entry])
        else:
            for entry, result in zip(batch, results, strict=True):
                _settle(entry, result)

    async def _apply(self, batch: list[_Entry]) -> list[Any]:
        """Run the batch in one transaction, items of one kind together, and return the results in the batch's order."""
        kinds: dict[Apply[Any, Any], list[int]] = {}
        for index, (apply, _, _, _) in enumerate(batch):
            kinds.setdefault(apply, []).append(index)

        async def apply_all(connection: Connection) -> list[Any]:
            # All of them before anything else: kinds that each took their own would take them in different orders.
            before = await lock_accounts(connection, [account_id for _, _, account_id, _ in batch])
            transaction = Transaction(connection, dict(before))
            results: list[Any] = [None] * len(batch)
            for apply_kind, indexes in kinds.items():
                found = await apply_kind(transaction, [batch[index][1] for index in indexes])
                for index, result in zip(indexes, found, strict=True):
                    results[index] = result
            for account_id, seq in transaction.last_seqs.items():
                if seq != before[account_id]:
                    await write_last_seq(connection, account_id, seq)
            return results

        return await self._database.write(apply_all)


def _settle(entry: _Entry, result: Any) -> None:
    future = entry[3]
    if future.done():  # the caller was cancelled; the write stands
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
