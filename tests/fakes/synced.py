"""A run that reconciled something, as the storage keeps it."""

from __future__ import annotations

from datetime import timedelta

from handlers.clock import Clock
from storage.connection import Connection
from storage.sync_runs import Difference, NewSync, SyncRow, SyncRuns, keep_differences, move
from storage.tables.sync import SyncState
from tests.fakes.stores import OpenStores


async def stopped_sync(stores: OpenStores, clock: Clock) -> SyncRow:
    """Return a run of the first account that stopped after it had found a department and a customer (4711)."""
    runs, now = SyncRuns(stores.database), clock.now()
    account_id = (await stores.rows("SELECT id FROM account ORDER BY id"))[0]["id"]
    wanted = NewSync(what="departments", account_id=account_id, stage="list", started_by="nightly")
    run = await runs.begin(wanted, holder="one", now=now, until=now + timedelta(minutes=3))
    assert run is not None

    async def apply(connection: Connection) -> None:
        found = [
            Difference(kind="unmapped", subject="department", subject_id=9, detail="后勤（编号 9）：2 人"),
            Difference(kind="new", subject="follower", subject_id=4711),
        ]
        await keep_differences(connection, run, found)
        counts = {"seen": 7, "new": 1, "unmapped": 2}
        await move(connection, run, until=now + timedelta(minutes=3), stage="list", counts=counts)

    await stores.database.write(apply)
    await runs.end(run, SyncState.STOPPED, now=now, detail="名单不完整")
    last = await runs.last("departments", account_id)
    assert last is not None
    return last
