"""A backup made under load is restored whole into an empty place of either kind, and who was erased stays so."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from bot.privacy import build_erasing
from bot.settings import Settings
from storage.backup import write_backup
from storage.chain import Chain
from storage.erased_again import brought_back
from storage.erasure_file import ErasureFile
from storage.erasures import Erasures, Wish
from storage.errors import StorageError
from storage.restore import Restore
from storage.seal_file import SealFile
from storage.tables import METADATA
from tests.contract.privacy.marked import CONTENT, PERSON, Marked
from tests.fakes.stores import OpenStores, open_stores

_DAY = date(2026, 2, 28)
_POLICIES = METADATA.tables["dropped_policy"]
_POLICY = {"drop_id": 1, "number": "P1", "holder": "h", "product": "p", "insured": "i", "status": "s", "start": _DAY}


@pytest.fixture
async def elsewhere(empty_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> OpenStores:
    """Return an empty database in another place."""
    home = tmp_path_factory.mktemp("elsewhere")
    kind, _, _ = empty_database_url.partition(":")
    return open_stores("sqlite+aiosqlite:///zhike.db" if kind.startswith("sqlite") else empty_database_url, home=home)


async def _backup(marked: Marked, target: Path) -> None:
    files = {name: marked.home / name for name in ("seals.jsonl", "erasures.jsonl") if (marked.home / name).exists()}
    await write_backup(marked.stores.database, target, files=files, now=marked.clock.now())


async def test_a_backup_under_load_holds_all_that_was_acknowledged_before(
    marked: Marked, elsewhere: OpenStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("restored")
    await marked.everywhere()
    before = {
        (row["account_id"], row["seq"]) for row in await marked.stores.rows("SELECT account_id, seq FROM message")
    }
    ended = asyncio.Event()

    async def load() -> None:
        n = 0
        while not ended.is_set():
            n += 1
            await marked.visitors.say(f"busy-{n}", f"第 {n} 句")

    busy = asyncio.create_task(load())
    await _backup(marked, home / "backup.zip")
    ended.set()
    await busy

    restore = Restore(elsewhere.database, home / "backup.zip")
    await restore.rows(now=marked.clock.now())
    restore.files(home)

    after = {(row["account_id"], row["seq"]) for row in await elsewhere.rows("SELECT account_id, seq FROM message")}
    assert before <= after
    contents = "SELECT fields FROM content WHERE account_id = 1 AND seq = 1"
    assert await elsewhere.rows(contents) == await marked.stores.rows(contents)
    chain = Chain(elsewhere.database, SealFile(home / "seals.jsonl"))
    await chain.seal(now=marked.clock.now())
    assert [report.flaw for report in await chain.verify()] == [None]
    # What waited may have been sent after the backup.
    assert (
        await elsewhere.rows("SELECT id FROM delivery WHERE state IN ('due', 'claimed', 'attempting', 'retry')") == []
    )
    # New rows are numbered behind the restored ones.
    accounts = await elsewhere.accounts.bring_in([("second", "wechat", "wx-other", "第二个号")])
    assert accounts["second"].id > 1
    await elsewhere.close()


async def test_who_was_erased_after_the_backup_stays_erased(
    marked: Marked, elsewhere: OpenStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("restored")
    customer = await marked.everywhere()
    await _backup(marked, home / "backup.zip")
    await marked.erase(customer)
    again = await marked.say("我又来了", answer="您好")
    outside = ErasureFile(marked.home / "erasures.jsonl")
    assert await brought_back(marked.stores.database, outside) == []

    await Restore(elsewhere.database, home / "backup.zip").rows(now=marked.clock.now())
    assert await elsewhere.rows("SELECT id FROM identity WHERE external_id = :who", who=PERSON)
    (home / "erasures.jsonl").write_bytes((marked.home / "erasures.jsonl").read_bytes())

    assert await brought_back(elsewhere.database, ErasureFile(home / "erasures.jsonl")) == [customer]
    now = marked.clock.now()
    wish = Wish(
        customer_id=customer,
        origin="restore",
        requested_by="restore",
        reason="erased after the backup",
        now=now,
        lock_after=now,
        due_at=now,
    )
    await Erasures(elsewhere.database).request(wish)
    job = build_erasing(elsewhere.database, CONTENT.retention, settings=Settings(home=home), clock=marked.clock)
    assert await job.run() == 1
    assert await elsewhere.rows("SELECT id FROM identity WHERE external_id = :who", who=PERSON) == []
    assert await brought_back(elsewhere.database, ErasureFile(home / "erasures.jsonl")) == []
    assert again != customer
    await elsewhere.close()


async def test_a_place_that_is_not_empty_is_refused(
    marked: Marked, other_stores: OpenStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("backup") / "backup.zip"
    await marked.say("你好", answer="您好")
    await _backup(marked, target)
    with pytest.raises(StorageError, match="not empty"):
        await Restore(other_stores.database, target).rows(now=marked.clock.now())
    with pytest.raises(StorageError, match="there already"):
        await _backup(marked, target)


async def test_what_is_no_backup_is_said_so(marked: Marked, tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(StorageError, match="no backup of Zhike"):
        Restore(marked.stores.database, tmp_path / "cut.zip").manifest()
    (tmp_path / "list.json").write_text(json.dumps([]))
    with pytest.raises(StorageError, match="no backup of Zhike"):
        Restore(marked.stores.database, tmp_path / "list.json").manifest()
