"""Looking people up by the platform's id, as an administrator does who merges two customers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select

from storage.database import Database
from storage.tables import ACCOUNT, IDENTITY, REACH
from storage.viewer import Viewer, visible


class Identities:
    """Finds identities and the customers they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, external_id: str, *, viewer: Viewer) -> list[dict[str, Any]]:
        """Return each identity with this openid, userid or unionid, one row an account it was met on.

        WeCom does not tell userids apart by case: when nothing has the id as it stands, they are compared without.
        An identity that was met on no account the viewer sees is not found.
        """
        query = (
            select(
                IDENTITY.c.customer_id,
                IDENTITY.c.realm,
                IDENTITY.c.external_id,
                IDENTITY.c.union_id,
                ACCOUNT.c.name,
                REACH.c.followed,
            )
            .join(ACCOUNT, ACCOUNT.c.realm == IDENTITY.c.realm)
            .join(REACH, and_(REACH.c.account_id == ACCOUNT.c.id, REACH.c.identity_id == IDENTITY.c.id))
            .order_by(IDENTITY.c.customer_id, IDENTITY.c.id, ACCOUNT.c.id)
        )
        exact = or_(IDENTITY.c.external_id == external_id, IDENTITY.c.union_id == external_id)
        folded = and_(ACCOUNT.c.channel == "wecom", func.lower(IDENTITY.c.external_id) == external_id.lower())
        async with self._database.read() as connection:
            rows = (await connection.execute(visible(query.where(exact), viewer))).all()
            if not rows:
                rows = (await connection.execute(visible(query.where(folded), viewer))).all()
        return [
            {
                "customer": row.customer_id,
                "account": row.name,
                "realm": row.realm,
                "person": row.external_id,
                "unionid": row.union_id,
                "followed": row.followed,
            }
            for row in rows
        ]
