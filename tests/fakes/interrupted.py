"""A database on which something happens between a read and the write that follows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, cast

from storage.connection import Connection
from storage.database import Database

T = TypeVar("T")


class _Interrupted:
    def __init__(self, database: Database, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    def read(self) -> AbstractAsyncContextManager[Connection]:
        return self._database.read()

    async def write(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await self._database.write(apply)


def interrupted(database: Database, meanwhile: Callable[[], Awaitable[object]]) -> Database:
    """Return `database`, on which `meanwhile` happens just before the first write."""
    return cast(Database, _Interrupted(database, meanwhile))
