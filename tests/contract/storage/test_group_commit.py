"""The group-commit writer: many small writes share a transaction, and none is taken with another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.accounts import Transaction
from storage.errors import StorageError
from tests.fakes.stores import OpenStores, open_stores

_INSERT = text("INSERT INTO leader (role, holder, lease_until, epoch) VALUES (:role, 'h', 0, 1)")


class Notebook:
    """Writes roles as rows; remembers the batches it was asked to apply."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def insert(self, transaction: Transaction, roles: Sequence[str]) -> list[str | Exception]:
        self.batches.append(list(roles))
        results: list[str | Exception] = []
        for role in roles:
            if role == "refused":
                results.append(ValueError("refused alone"))
                continue
            await transaction.connection.execute(_INSERT, {"role": role})
            results.append(role.upper())
        return results


async def _roles(stores: OpenStores) -> list[str]:
    return [row["role"] for row in await stores.rows("SELECT role FROM leader ORDER BY role")]


async def test_writes_that_come_together_share_a_transaction(stores: OpenStores) -> None:
    notebook = Notebook()
    results = await asyncio.gather(*(stores.writer.write(notebook.insert, f"r{n}", account_id=1) for n in range(10)))

    assert results == [f"R{n}" for n in range(10)]
    assert notebook.batches == [[f"r{n}" for n in range(10)]]


async def test_a_row_is_seen_by_others_when_its_writer_hears_of_it(
    stores: OpenStores, other_stores: OpenStores
) -> None:
    notebook = Notebook()

    async def write_and_look(role: str) -> bool:
        await stores.writer.write(notebook.insert, role, account_id=1)
        return role in await _roles(other_stores)

    assert all(await asyncio.gather(*(write_and_look(f"r{n:02}") for n in range(20))))


async def test_an_exception_as_a_result_fails_that_item_alone(stores: OpenStores) -> None:
    notebook = Notebook()
    writes = (stores.writer.write(notebook.insert, role, account_id=1) for role in ("a", "refused", "b"))
    results = await asyncio.gather(*writes, return_exceptions=True)

    assert [results[0], results[2]] == ["A", "B"]
    assert isinstance(results[1], ValueError)
    assert await _roles(stores) == ["a", "b"]
    assert len(notebook.batches) == 1


async def test_an_item_that_breaks_the_transaction_fails_alone(stores: OpenStores) -> None:
    notebook = Notebook()
    await stores.writer.write(notebook.insert, "twice", account_id=1)
    writes = (stores.writer.write(notebook.insert, role, account_id=1) for role in ("a", "twice", "b"))
    results = await asyncio.gather(*writes, return_exceptions=True)

    assert [results[0], results[2]] == ["A", "B"]
    assert isinstance(results[1], Exception)
    assert await _roles(stores) == ["a", "b", "twice"]


async def test_a_batch_holds_no_more_than_it_may(database_url: str, tmp_path: Path) -> None:
    stores = open_stores(database_url, home=tmp_path, max_batch=3)
    notebook = Notebook()
    await asyncio.gather(*(stores.writer.write(notebook.insert, f"r{n}", account_id=1) for n in range(8)))
    await stores.close()

    assert [len(batch) for batch in notebook.batches] == [3, 3, 2]


async def test_writes_of_several_kinds_share_a_batch_and_get_their_own_results(stores: OpenStores) -> None:
    letters, digits = Notebook(), Notebook()
    pairs = ((letters, "a"), (digits, "1"), (letters, "b"), (digits, "2"))
    results = await asyncio.gather(*(stores.writer.write(book.insert, role, account_id=1) for book, role in pairs))

    assert results == ["A", "1", "B", "2"]
    assert (letters.batches, digits.batches) == ([["a", "b"]], [["1", "2"]])


async def test_a_cancelled_caller_undoes_nothing(stores: OpenStores) -> None:
    notebook = Notebook()
    tasks = [asyncio.create_task(stores.writer.write(notebook.insert, role, account_id=1)) for role in ("a", "b", "c")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert (results[0], results[2]) == ("A", "C")
    assert tasks[1].cancelled()
    assert await _roles(stores) == ["a", "b", "c"]


async def test_closing_settles_what_was_accepted_and_refuses_what_comes_later(stores: OpenStores) -> None:
    notebook = Notebook()
    tasks = [asyncio.create_task(stores.writer.write(notebook.insert, f"r{n}", account_id=1)) for n in range(5)]
    await asyncio.sleep(0)
    await stores.writer.close()

    assert await asyncio.gather(*tasks) == [f"R{n}" for n in range(5)]
    with pytest.raises(StorageError, match="stopping"):
        await stores.writer.write(notebook.insert, "late", account_id=1)
    assert len(await _roles(stores)) == 5


async def test_an_idle_writer_closes_at_once_and_twice(stores: OpenStores) -> None:
    await stores.writer.close()
    await stores.writer.close()

    with pytest.raises(StorageError):
        await stores.writer.write(Notebook().insert, "late", account_id=1)


async def test_the_writer_goes_on_after_a_failed_batch(stores: OpenStores) -> None:
    notebook = Notebook()
    await stores.writer.write(notebook.insert, "a", account_id=1)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await stores.writer.write(notebook.insert, "a", account_id=1)

    assert await stores.writer.write(notebook.insert, "b", account_id=1) == "B"
