"""Undoing a merge of customers: the identities go back to whom they had been taken from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.customers import hold_customers, one_merge_at_a_time
from storage.database import Database
from storage.errors import StorageError
from storage.fact_rows import hold_living, refold
from storage.owners import give_back_owner
from storage.preferences import part_preferences
from storage.tables import CUSTOMER, CUSTOMER_MERGE, IDENTITY
from storage.viewer import COMMAND_LINE, Viewer


class Unmerge:
    """Takes two people apart who were taken for one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def undo(self, gone: int, *, cause: str, now: datetime, viewer: Viewer = COMMAND_LINE) -> int:
        """Give customer `gone` back the identities of its last merge, and note who did it; return who had them.

        Consents that the merge made more restrictive stay so on both sides; what each said for itself counts again for
        `gone`. Choices about marketing are as each side made them, also while the two were one. An identity that has
        moved on since (another merge) stays where it is. Raises StorageError when `gone` was not merged, or by unionid:
        the platform would join them again at once.
        """

        async def apply(connection: Connection) -> int:
            await one_merge_at_a_time(connection)
            merged = select(CUSTOMER.c.merged_into).where(
                CUSTOMER.c.id == gone, CUSTOMER.c.merged_into.is_not(None), CUSTOMER.c.erased_at.is_(None)
            )
            kept = (await connection.execute(merged)).scalar()
            if kept is None:
                raise StorageError(
                    f"customer {gone} is not merged into another; `zhike customer find` shows who is whose"
                )
            await hold_customers(connection, [gone, kept])
            await hold_living(connection, [gone, kept])
            moves = select(CUSTOMER_MERGE).where(
                CUSTOMER_MERGE.c.from_customer == gone, CUSTOMER_MERGE.c.to_customer == kept
            )
            rows = (await connection.execute(moves)).all()
            if any(row.cause == "unionid" for row in rows):
                raise StorageError(
                    f"customers {kept} and {gone} are one by their unionid; the platform says so, and would again"
                )
            back = sorted({row.identity_id for row in rows})
            taken = await connection.execute(
                update(IDENTITY)
                .where(IDENTITY.c.id.in_(back), IDENTITY.c.customer_id == kept)
                .values(customer_id=gone)
                .returning(IDENTITY.c.id)
            )
            moved = [
                {"identity_id": identity_id, "from_customer": kept, "to_customer": gone, "cause": cause, "at": now}
                for identity_id in taken.scalars()
            ]
            if moved:
                await connection.execute(insert(CUSTOMER_MERGE), moved)
            await connection.execute(update(CUSTOMER).where(CUSTOMER.c.id == gone).values(merged_into=None))
            await give_back_owner(connection, kept=kept, gone=gone)
            parted = [int(move["identity_id"]) for move in moved]
            since = max((row.at for row in rows), default=now)
            await part_preferences(connection, kept=kept, gone=gone, identities=parted, since=since, now=now)
            await refold(connection, [kept, gone], now=now)
            deed = Deed(action="unmerged", subject="customer", subject_id=gone, detail=f"{kept}: {cause}")
            await note_deed(connection, viewer, deed, now=now)
            return int(kept)

        return await self._database.write(apply)
