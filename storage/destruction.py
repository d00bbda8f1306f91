"""The second step of an erasure: what was put out of use is destroyed, but for what the law keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select, true, update

from storage.benefit_erasing import destroy_codes
from storage.callback_keeping import destroy_rounds
from storage.connection import Connection
from storage.database import Database
from storage.erasure_map import FATES, Blank, By, Destroy
from storage.erasures import ErasureRow, customers_of
from storage.lock_away import HOLD, said_or_repeated
from storage.probe import Probe, no_probe
from storage.search_index import SearchIndex
from storage.tables import (
    DELIVERY,
    ERASED_IDENTITY,
    ERASURE,
    FROZEN_CONTENT,
    IDEMPOTENCY,
    MESSAGE,
    METADATA,
    TASK,
)
from storage.tables.erasure import ErasureState


class Destruction:
    """Destroys what an erasure has locked."""

    def __init__(self, database: Database, index: SearchIndex, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._index = index
        self._probe = probe

    async def destroy(self, erasure: ErasureRow, *, callbacks_before: datetime, now: datetime) -> None:
        """Destroy rows, words and index entries in one transaction after the index: locked → destroyed.

        Of call-backs those go that ended before `callbacks_before`; with a legal hold none.
        """
        await self._forget(erasure)
        self._probe("erasure_forgotten")

        async def apply(connection: Connection) -> None:
            locked = select(ERASURE).where(ERASURE.c.id == erasure.id, ERASURE.c.state == ErasureState.LOCKED)
            row = (await connection.execute(locked.with_for_update())).one_or_none()
            if row is None:
                return
            before = None if row.kept_class == HOLD else callbacks_before
            counts = await _destroy(connection, erasure, keeps=row.kept_class is not None, callbacks_before=before)
            report = json.loads(row.report) if row.report else {}
            went = report.get("went", {})
            report["went"] = {name: went.get(name, 0) + counts.get(name, 0) for name in {**went, **counts}}
            values = {"state": ErasureState.DESTROYED, "destroyed_at": now}
            await connection.execute(
                update(ERASURE).where(ERASURE.c.id == erasure.id).values(**values, report=json.dumps(report))
            )

        await self._database.write(apply)
        self._probe("erasure_destroyed")

    async def kept(self, erasure: ErasureRow) -> int:
        """Return how many contents of an erasure are kept out of sight."""
        query = select(func.count()).where(FROZEN_CONTENT.c.erasure_id == erasure.id)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def _forget(self, erasure: ErasureRow) -> None:
        """Take all the person's messages out of the index; their contents are out of the log already."""
        query = select(MESSAGE.c.account_id, MESSAGE.c.seq).where(said_or_repeated(erasure.id))
        by_account: dict[int, list[int]] = {}
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                by_account.setdefault(row.account_id, []).append(row.seq)
        for account_id, seqs in sorted(by_account.items()):
            await self._index.forget(account_id, seqs)


async def _destroy(
    connection: Connection, erasure: ErasureRow, *, keeps: bool, callbacks_before: datetime | None
) -> dict[str, int]:
    """Do what the map says; return how many rows went or were blanked, by table."""
    customers = await customers_of(connection, erasure.customer_id)
    mine = select(ERASED_IDENTITY.c.identity_id).where(ERASED_IDENTITY.c.erasure_id == erasure.id)
    identities = list((await connection.execute(mine)).scalars())
    named: dict[By, Any] = {
        By.CUSTOMER: customers,
        By.IDENTITY: identities,
        By.TASK: select(TASK.c.id).where(TASK.c.customer_id.in_(customers)),
        By.DELIVERY: select(DELIVERY.c.id).where(DELIVERY.c.identity_id.in_(identities)),
    }
    counts: dict[str, int] = {}
    if not keeps:
        went = await connection.execute(delete(FROZEN_CONTENT).where(FROZEN_CONTENT.c.erasure_id == erasure.id))
        counts["content"] = went.rowcount
        nameless = {"realm": None, "external_id": None, "union_id": None}
        await connection.execute(
            update(ERASED_IDENTITY).where(ERASED_IDENTITY.c.erasure_id == erasure.id).values(**nameless)
        )
        counts["identity"] = len(identities)
    if callbacks_before is not None:
        counts |= await destroy_rounds(connection, identities, before=callbacks_before)
    counts["benefit_unit"] = await destroy_codes(connection, identities)
    for name, fate in FATES.items():
        table = METADATA.tables[name]
        if isinstance(fate, Destroy):
            theirs = _names(table, fate.by, named, alone=fate.alone)
            counts[name] = (await connection.execute(delete(table).where(theirs))).rowcount
        elif isinstance(fate, Blank):
            chosen = and_(_names(table, fate.by, named), *(table.c[c].in_(v) for c, v in fate.only.items()))
            counts[name] = (await connection.execute(update(table).where(chosen).values(**fate.columns))).rowcount
    counts["idempotency"] = await _forget_answers(connection, customers)
    return {name: count for name, count in counts.items() if count}


def _names(
    table: Table, by: Sequence[tuple[str, By]], named: dict[By, Any], *, alone: Mapping[str, str] | None = None
) -> ColumnElement[bool]:
    empty = {column: table.c[other].is_(None) for column, other in (alone or {}).items()}
    return or_(*(and_(table.c[column].in_(named[what]), empty.get(column, true())) for column, what in by))


async def _forget_answers(connection: Connection, customers: Sequence[int]) -> int:
    """Delete answers of the API that name one of the customers; they are kept for a day at most."""
    numbers = "|".join(map(str, customers))
    told = re.compile(rf'"(?:customer_id|customer)":\s*(?:{numbers})\b'.encode())
    query = select(IDEMPOTENCY.c.api_key_id, IDEMPOTENCY.c.key, IDEMPOTENCY.c.body).where(
        IDEMPOTENCY.c.body.is_not(None)
    )
    gone = [row for row in await connection.execute(query) if told.search(bytes(row.body))]
    for row in gone:
        chosen = (IDEMPOTENCY.c.api_key_id == row.api_key_id, IDEMPOTENCY.c.key == row.key)
        await connection.execute(delete(IDEMPOTENCY).where(*chosen))
    return len(gone)
