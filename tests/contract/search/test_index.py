"""The index: the same for the same log whatever the batches were, made behind the log, thinned by erasure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from handlers.processing import Processing
from storage.cursors import Cursors, LogRow
from storage.search import MessageSearch
from storage.search_blocks import SIZES, rows_of
from storage.search_index import CURSOR_NAME, SearchIndex
from storage.search_made import STEP
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
    full.search = MessageSearch(full.stores.database, effort=10**6)  # all of it on one page
    while await Processing(Cursors(full.stores.database), [full.index], batch=150, most=1).run():
        cursor = (await full.tables())["cursor"][0]["seq"]
        found = await full.seqs("理赔", limit=10**6)
        assert found == list(range(cursor, 0, -1))
        seen.add(cursor)
    assert len(seen) > 10


@pytest.mark.parametrize("step", [STEP, 20_000], ids=["at once", "in steps"])
async def test_two_processors_at_once_make_one_index(full: SearchedLog, step: int) -> None:
    indexes = [SearchIndex(full.stores.database, step=step) for _ in range(2)]
    cursors = Cursors(full.stores.database)
    while (await full.index.progress())[0] < 2 * _MIDDLE + 5 * _SMALL + 17:
        await asyncio.gather(*[Processing(cursors, [index], batch=300, most=10**9).run() for index in indexes])
    await full.index.sweep()
    both = await full.tables()
    await full.index.clear()
    await full.read()

    assert both == await full.tables()


async def test_what_is_written_in_steps_is_shown_only_when_it_is_whole(full: SearchedLog) -> None:
    await full.read()
    whole = await full.tables()
    await full.index.clear()
    [batch] = await _batches(full, limit=10**6)
    slow = SearchIndex(full.stores.database, step=1)
    done = asyncio.create_task(slow.process(batch))
    seen: list[tuple[int, int]] = []
    while not done.done():
        tables = await full.tables()
        seen.append((len(tables["posting"]), len([row for row in tables["block"] if row["is_live"]])))
    await done

    assert await full.tables() == whole
    assert {live for _, live in seen} <= {0, len(whole["block"])}
    assert {rows for rows, live in seen if not live} > {0}, "steps were seen before the blocks were"


async def test_what_a_killed_process_had_begun_is_made_anew(full: SearchedLog) -> None:
    await full.read()
    whole = await full.tables()
    await full.index.clear()
    [batch] = await _batches(full, limit=10**6)
    killed = asyncio.create_task(SearchIndex(full.stores.database, step=1).process(batch))
    while len((await full.tables())["posting"]) < 3:
        pass  # looking lets it work
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    left = await full.tables()
    await full.read()

    assert left["block"]
    assert not any(row["is_live"] for row in left["block"])
    assert await full.tables() == whole


async def test_what_another_process_swept_while_it_was_laid_leaves_no_rows_behind(library: SearchedLog) -> None:
    await library.say("开头")
    await _fill(library, _MIDDLE - 1)
    [batch] = await _batches(library, limit=_MIDDLE - 1 - _SMALL)
    writing = asyncio.create_task(SearchIndex(library.stores.database, step=1).process(batch))
    while len((await library.tables())["posting"]) < 3:
        pass  # looking lets it work
    await library.index.sweep()
    await writing
    # The next batch is another one, whose rows are one larger block.
    await library.read(batch=10**6)
    tables = await library.tables()
    await library.index.clear()
    left = await library.tables()
    await library.read()

    assert [row["size"] for row in tables["block"]] == [_MIDDLE]
    assert tables == await library.tables()
    assert (left["block"], left["posting"]) == ([], [])


async def test_a_large_block_is_thinned_in_steps_that_are_soon_over(library: SearchedLog) -> None:
    await library.say("开头")
    await _fill(library, _MIDDLE - 1)
    await library.read()
    await library.stores.change("DELETE FROM content WHERE seq <= 500")
    before = (await library.tables())["posting"]
    index = SearchIndex(library.stores.database, step=1)
    done = asyncio.create_task(index.forget(library.account_id(), range(1, 501)))
    seen = []
    while not done.done():
        seen.append((await library.tables())["posting"])
    await done
    after = (await library.tables())["posting"]
    await library.index.clear()
    await library.read()

    assert after == (await library.tables())["posting"] != before
    assert [each for each in seen if each not in (before, after)], "a state between two steps was seen"


async def test_what_is_destroyed_while_a_block_is_written_in_steps_is_in_none_of_them(library: SearchedLog) -> None:
    await library.say("开头")
    await _fill(library, _MIDDLE - 1)
    secret = "秘密的鑫焱"
    await library.stores.change(
        "UPDATE content SET fields = :fields WHERE seq = 7", fields=f'{{"content":"理赔{secret}"}}'
    )
    [batch] = await _batches(library, limit=10**6)
    writing = asyncio.create_task(SearchIndex(library.stores.database, step=1).process(batch))
    while not (await library.tables())["posting"]:
        pass  # looking lets it work
    await library.stores.change("DELETE FROM content WHERE seq = 7")
    await library.index.forget(library.account_id(), [7])
    confirmed = await library.tables()
    await writing
    after = await library.tables()

    for tables in (confirmed, after):
        assert not {row["lead"] for row in tables["posting"]} & {ord(character) for character in secret}
    await library.read()
    assert await library.seqs("理赔", limit=10**6) == [seq for seq in range(_MIDDLE - 1, 0, -1) if seq != 7]


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
