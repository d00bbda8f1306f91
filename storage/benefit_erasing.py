"""Benefits of people who are erased: what they had not used ends, and codes, holder's numbers and reasons go.

That a unit was granted and redeemed stays as a figure, under an identity that names nobody; so does the digest of its
code, by which it is never used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import exists, update

from storage.benefit_reserving import release_of
from storage.connection import Connection
from storage.tables import BENEFIT_UNIT, DELIVERY_ATTEMPT
from storage.tables.benefits import UnitState

ERASED: Final = "erased"


async def end_units(connection: Connection, identity_ids: Sequence[int], *, now: datetime) -> None:
    """Let nothing of people be used any more: reserved → available, granted → expired. Their customers are locked.

    What is reserved for a message that may have left is granted and expires: nobody else gets a code they may know.
    """
    theirs = BENEFIT_UNIT.c.identity_id.in_(identity_ids)
    begun = exists().where(DELIVERY_ATTEMPT.c.delivery_id == BENEFIT_UNIT.c.delivery_id)
    known = update(BENEFIT_UNIT).where(theirs, BENEFIT_UNIT.c.state == UnitState.RESERVED, begun)
    await connection.execute(known.values(state=UnitState.GRANTED, granted_at=now))
    await release_of(connection, identity_ids)
    ended = {"state": UnitState.EXPIRED, "expired_at": now, "reason": ERASED}
    await connection.execute(
        update(BENEFIT_UNIT).where(theirs, BENEFIT_UNIT.c.state == UnitState.GRANTED).values(**ended)
    )


async def destroy_codes(connection: Connection, identity_ids: Sequence[int]) -> int:
    """Destroy what would tell of a person; return how many units it was in."""
    mine = (BENEFIT_UNIT.c.identity_id.in_(identity_ids), BENEFIT_UNIT.c.code.is_not(None))
    # A reason is in somebody's own words.
    nothing = {"code": None, "holder": None, "claim_key": None, "redeem_key": None, "reason": None}
    return int((await connection.execute(update(BENEFIT_UNIT).where(*mine).values(**nothing))).rowcount)
