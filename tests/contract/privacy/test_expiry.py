"""Contents that are too old are destroyed at night; a hold and a class that lasts longer keep theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.privacy import build_expiring
from storage.migrate import make_partitions
from storage.viewer import COMMAND_LINE
from tests.contract.privacy.marked import CONTENT, Marked

_ELEVEN_YEARS = timedelta(days=11 * 366).total_seconds()


async def _contents(marked: Marked) -> int:
    return await marked.stores.count("content")


async def test_old_contents_go_with_their_index_and_bytes_and_new_ones_stay(marked: Marked) -> None:
    await marked.everywhere()
    await marked.clock.advance(_ELEVEN_YEARS)
    now = marked.clock.now()
    await marked.stores.database.write(lambda connection: make_partitions(connection, now=now))
    await marked.say("新的话", person="bob")

    gone = await build_expiring(marked.stores.database, CONTENT.retention, clock=marked.clock).run()

    assert gone > 80
    assert await _contents(marked) == 1
    words = [row["packed"] for row in await marked.stores.rows("SELECT packed FROM search_posting")]
    assert words == []
    await marked.verified()


async def test_what_is_held_does_not_expire(marked: Marked) -> None:
    customer = await marked.everywhere()
    mine = len(await marked.stores.rows("SELECT seq FROM content"))
    await marked.wishes.hold(COMMAND_LINE, customer, "court file 12")
    await marked.clock.advance(_ELEVEN_YEARS)

    gone = await build_expiring(marked.stores.database, CONTENT.retention, clock=marked.clock).run()

    assert 0 < gone < mine
    assert await marked.found_on_disk()


@pytest.mark.parametrize("hour", [20, 2])
async def test_the_tick_works_at_night_only(marked: Marked, hour: int) -> None:
    """The clock stands at 17:30 in China; 02:30 is nine hours later."""
    await marked.everywhere()
    night = 9 * 3600 if hour == 2 else 3 * 3600
    await marked.clock.advance(_ELEVEN_YEARS // 86400 * 86400 + night)
    before = await _contents(marked)

    await build_expiring(marked.stores.database, CONTENT.retention, clock=marked.clock).tick()

    assert (await _contents(marked) < before) is (hour == 2)
