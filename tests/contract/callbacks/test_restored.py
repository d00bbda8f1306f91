"""Call-backs in a backup: restored into an empty place with their answers, which nobody changes there either."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from storage.backup import write_backup
from storage.errors import StorageError
from storage.restore import Restore
from tests.contract.callbacks.caller import Caller
from tests.fakes.stores import open_stores


async def test_what_is_restored_is_guarded_and_goes_on(caller: Caller, empty_database_url: str, tmp_path: Path) -> None:
    await caller.begin("z1")
    await caller.says("z1", "不清楚")
    await write_backup(caller.stores.database, tmp_path / "backup.zip", files={}, now=caller.house.clock.now())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    is_sqlite = empty_database_url.startswith("sqlite")
    stores = open_stores("sqlite+aiosqlite:///zhike.db" if is_sqlite else empty_database_url, home=elsewhere)

    await Restore(stores.database, tmp_path / "backup.zip").rows(now=caller.house.clock.now())

    for found in ("SELECT id, identity_id, policy, edition, state FROM callback", "SELECT * FROM callback_answer"):
        rows = await stores.rows(found)
        assert rows == await caller.stores.rows(found)
        assert len(rows) == 1
    for statement in ("UPDATE callback_answer SET value = 'yes'", "DELETE FROM callback_answer"):
        with pytest.raises((StorageError, DBAPIError), match="an answer of a call-back"):
            await stores.change(statement)
