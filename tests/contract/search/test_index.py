"""The index: the same for the same log whatever the batches were, made behind the log, thinned by erasure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from handlers.processing import Processing
from storage.cursors import Cursors, LogRow
from storage.search_blocks import SIZES, rows_of
from storage.search_index import CURSOR_NAME, SearchIndex
from tests.fakes.searched_log import SearchedLog

_MIDDLE = SIZES[1]
_SMALL = SIZES[-1]


async def _fill(library: SearchedLog, count: int, *, words: str = "第{n}句，关于理赔{n}") -> None:
    """Write so many messages straight into the log: its entrance would take minutes."""
    await library.stores.change("DELETE FROM content")
    await library.stores.change("DELETE FROM message")
    await library.stores.change("UPDATE account SET last_seq = :n WHERE name = 'service'", n=count)
    account_id = library.account_id()
    for start in range(0, count, 500):
        numbers = range(start + 1, min(start + 500, count) + 1)
        content = ",".join(
            f'({account_id}, {n}, 202605, \'{{"content":"{words.format(n=n)}"}}\', :salt)' for n in numbers
        )
        message = ",".join(f"({account_id}, {n}, 202605, 'in', 'text', 1, 1, {n}, {n}, :salt)" for n in numbers)
        await library.stores.change(
            f"INSERT INTO content (account_id, seq, month, fields, salt) VALUES {content}", salt=b""
        )
        await library.stores.change(
            "INSERT INTO message (account_id, seq, month, direction, kind, identity_id, conversation_id, sent_at,"
            f" recorded_at, digest) VALUES {message}",
            salt=b"",
        )


@pytest.fixture
async def full(library: SearchedLog) -> SearchedLog:
    """Return a library whose first account has a log with blocks of two sizes and a tail."""
    await library.say("开头")
    await _fill(library, 2 * _MIDDLE + 5 * _SMALL + 17)
    return library


async def test_the_index_is_the_same_whatever_the_batches_were(full: SearchedLog) -> None:
    tables = []
    for batch in (100, 64, 10**6):
        await full.read(batch=batch)
        tables.append(await full.tables())
        await full.index.clear()

    assert tables[0] == tables[1] == tables[2]
    assert [row["size"] for row in tables[0]["block"]] == [_MIDDLE] * 2 + [_SMALL] * 5
    assert await full.tables() == {"block": [], "posting": [], "cursor": _cursors(full, 0)}


async def test_the_progress_is_told_in_messages_of_all_accounts(full: SearchedLog) -> None:
    rows = 2 * _MIDDLE + 5 * _SMALL + 17
    assert await full.index.progress() == (0, rows)
    await Processing(Cursors(full.stores.database), [full.index], batch=_MIDDLE, most=1).run()
    assert await full.index.progress() == (_MIDDLE, rows)
    await full.read()
    assert await full.index.progress() == (rows, rows)
    await full.index.clear()
    assert await full.index.progress() == (0, rows)


async def test_small_blocks_become_a_large_one_and_nothing_is_lost(full: SearchedLog) -> None:
    seen = set()
    while await Processing(Cursors(full.stores.database), [full.index], batch=150, most=1).run():
        cursor = (await full.tables())["cursor"][0]["seq"]
        found = await full.seqs("理赔", limit=10**6)
        assert found == list(range(cursor, 0, -1))
        seen.add(cursor)
    assert len(seen) > 10


async def test_two_processors_at_once_make_one_index(full: SearchedLog) -> None:
    other = SearchIndex(full.stores.database)
    cursors = Cursors(full.stores.database)
    await asyncio.gather(*[Processing(cursors, [index], batch=300, most=10**9).run() for index in (full.index, other)])
    both = await full.tables()
    await full.index.clear()
    await full.read()

    assert both == await full.tables()


async def _batches(library: SearchedLog, *, limit: int) -> list[Sequence[LogRow]]:
    return list(await Cursors(library.stores.database).next(CURSOR_NAME, limit=limit))


async def test_what_was_read_before_the_index_was_begun_anew_is_not_written_behind_it(full: SearchedLog) -> None:
    await full.read(batch=1000)
    await full.say("新的", "更新的")
    [late] = await _batches(full, limit=10)
    await full.index.clear()
    await full.index.process(late)
    assert await full.tables() == {"block": [], "posting": [], "cursor": _cursors(full, 0)}
    await full.read()

    assert await full.seqs("第1句") == [1]


def _cursors(library: SearchedLog, seq: int) -> list[dict[str, object]]:
    return [{"processor": CURSOR_NAME, "account_id": library.account_id(), "seq": seq}]


async def test_what_was_destroyed_after_it_was_read_is_not_indexed(full: SearchedLog) -> None:
    [stale] = await _batches(full, limit=_SMALL)
    await full.stores.change("DELETE FROM content WHERE seq = 7")
    await full.index.forget(full.account_id(), [7])
    await full.index.process(stale)
    assert (await full.tables())["cursor"] == _cursors(full, 0)
    await full.read()

    assert _pair(await full.tables(), "7句") == set(range(17, 2 * _MIDDLE + 5 * _SMALL, 10))


def _pair(tables: dict[str, list[dict[str, object]]], pair: str) -> set[int]:
    """Return the seqs that the index has of a pair."""
    found = set()
    for row in tables["posting"]:
        if row["lead"] == ord(pair[0]):
            packed, first = row["packed"], row["first_seq"]
            assert isinstance(packed, bytes)
            assert isinstance(first, int)
            found |= {first + distance for distance in rows_of(packed, ord(pair[1]))}
    return found


async def test_nothing_of_what_was_forgotten_is_left_in_the_tables(library: SearchedLog) -> None:
    await library.say("开头")
    secret = "秘密的鑫焱"
    await _fill(library, _MIDDLE + 3 * _SMALL)
    for seq in (5, 6, _MIDDLE + _SMALL + 2):
        await library.stores.change(
            "UPDATE content SET fields = :fields WHERE seq = :seq", seq=seq, fields=f'{{"content":"理赔{secret}"}}'
        )
    await library.read()
    before, found = await library.tables(), await library.seqs(secret)
    assert (found, _pair(before, "鑫焱")) == ([_MIDDLE + _SMALL + 2, 6, 5], set(found))

    await library.stores.change("DELETE FROM content WHERE seq IN (5, :seq)", seq=found[0])
    await library.index.forget(library.account_id(), [5, found[0]])
    assert _pair(await library.tables(), "鑫焱") == {6}
    await library.stores.change("DELETE FROM content WHERE seq = 6")
    await library.index.forget(library.account_id(), [6])
    after = await library.tables()

    leads = {row["lead"] for row in after["posting"]}
    assert not leads & {ord(character) for character in secret}
    assert all(ord("秘").to_bytes(4, "little") not in row["packed"] for row in after["posting"])
    assert after["block"] == before["block"]
    await library.index.clear()
    await library.read()
    assert (await library.tables())["posting"] == after["posting"], "thinning leaves what reading anew would make"


async def test_forgetting_reaches_blocks_that_wait_to_be_deleted(full: SearchedLog) -> None:
    await full.read()
    await full.stores.change("UPDATE search_block SET is_live = :no WHERE first_seq = 0", no=False)
    await full.stores.change("DELETE FROM content WHERE seq = 3")
    await full.index.forget(full.account_id(), [3])
    assert 3 not in _pair(await full.tables(), "3句")
    await full.index.sweep()

    assert (await full.tables())["block"][0]["first_seq"] == _MIDDLE


async def test_what_is_not_indexed_can_be_forgotten(library: SearchedLog) -> None:
    seq = await library.say("还没有读")
    await library.index.forget(library.account_id(), [seq, 10**6])
    await library.read()

    assert await library.seqs("还没有读") == [seq]
