"""A handover as the rooms around it see it: the row with its customer, who serves it, and what may still be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from content.value import value
from storage.connection import Connection
from storage.tables import ACCOUNT, CUSTOMER_OWNER, HANDOVER, IDENTITY, STAFF
from storage.tables.handover import HandoverState


@value
class HandoverRow:
    """One handover."""

    id: int
    account_id: int
    account: str
    #: What people call the account; "" when it has no title.
    account_title: str
    identity_id: int
    #: Openid or external id of the customer.
    person: str
    customer_id: int
    #: The customer wants the mode for the elderly.
    elder: bool
    name: str | None
    state: HandoverState
    opened_at: datetime
    waiting_since: datetime | None
    staff_id: int | None
    staff: str | None
    staff_realm: str | None
    userid: str | None
    until: datetime | None
    accepted_at: datetime | None
    first_reply_at: datetime | None
    last_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    place_told: int | None
    place_told_at: datetime | None
    notices: int
    satisfaction: int | None
    #: A `SessionStep`: where it stands with the platform's own session; None: the platform has no part in it.
    session: str | None
    session_at: datetime | None
    session_tries: int
    #: Whose customer it is, with that person's team and branch.
    owner_id: int | None
    owner_team: int | None
    owner_branch: int | None


_PLAIN = tuple(
    HANDOVER.c[name]
    for name in (
        *("id", "account_id", "identity_id", "name", "opened_at", "waiting_since", "staff_id", "until", "accepted_at"),
        *("first_reply_at", "last_at", "closed_at", "closed_by", "place_told", "place_told_at", "notices"),
        *("satisfaction", "session", "session_at", "session_tries"),
    )
)


def handover_rows() -> Any:
    """Return the query of handovers; ACCOUNT, IDENTITY, STAFF and CUSTOMER_OWNER are joined."""
    return (
        select(
            *_PLAIN,
            HANDOVER.c.state,
            ACCOUNT.c.name.label("account"),
            ACCOUNT.c.title.label("account_title"),
            IDENTITY.c.external_id.label("person"),
            IDENTITY.c.customer_id,
            IDENTITY.c.elder_since.is_not(None).label("elder"),
            STAFF.c.name.label("staff"),
            STAFF.c.realm.label("staff_realm"),
            STAFF.c.userid,
            CUSTOMER_OWNER.c.staff_id.label("owner_id"),
            CUSTOMER_OWNER.c.team_id.label("owner_team"),
            CUSTOMER_OWNER.c.branch_id.label("owner_branch"),
        )
        .join(ACCOUNT, ACCOUNT.c.id == HANDOVER.c.account_id)
        .join(IDENTITY, IDENTITY.c.id == HANDOVER.c.identity_id)
        .outerjoin(STAFF, STAFF.c.id == HANDOVER.c.staff_id)
        .outerjoin(CUSTOMER_OWNER, CUSTOMER_OWNER.c.customer_id == IDENTITY.c.customer_id)
    )


def handover_row(row: Any) -> HandoverRow:
    """Return a row of `handover_rows`."""
    values = dict(row._mapping)
    return HandoverRow(**{**values, "state": HandoverState(values["state"])})


async def find_handover(connection: Connection, handover_id: int) -> HandoverRow | None:
    """Return one handover; None when there is none of that id."""
    row = (await connection.execute(handover_rows().where(HANDOVER.c.id == handover_id))).one_or_none()
    return None if row is None else handover_row(row)


async def place_of(connection: Connection, handover: HandoverRow) -> int:
    """Return the place in line, from 1: everybody who asked earlier and is not served yet stands before."""
    earlier = or_(
        HANDOVER.c.opened_at < handover.opened_at,
        and_(HANDOVER.c.opened_at == handover.opened_at, HANDOVER.c.id < handover.id),
    )
    ahead = (
        select(func.count())
        .select_from(HANDOVER)
        .where(HANDOVER.c.state.in_((HandoverState.WAITING, HandoverState.OFFERED)), earlier)
    )
    return int((await connection.execute(ahead)).scalar() or 0) + 1
