"""The outbox: due rows claimed in groups with a lease, attempts written before a byte leaves, results in sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from storage.accounts import lock_accounts
from storage.attempts import Begun, Settlement, begin_attempt, settle_attempts
from storage.claims import Claimed, claim_rows
from storage.connection import Connection
from storage.database import Database
from storage.probe import Probe, no_probe
from storage.records import Person
from storage.tables import DELIVERY
from storage.tables.delivery import OPEN, OPEN_WORDS, DeliveryState

_HELD = (DeliveryState.CLAIMED, DeliveryState.ATTEMPTING)


class Outbox:
    """The rows between `due` and their end states."""

    def __init__(self, database: Database, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._probe = probe

    async def claim(self, *, room: Mapping[int, int], holder: str, now: datetime, until: datetime) -> list[Claimed]:
        """Claim due rows of the accounts in `room`, of each at most as many as stand there, the oldest first.

        At most one row a person and account is claimed at a time: a person's messages keep their order. Rows of other
        accounts stay as they are, for a process that serves them.
        """

        async def apply(connection: Connection) -> list[Claimed]:
            return await claim_rows(connection, room=room, holder=holder, now=now, until=until)

        claimed = await self._database.write(apply)
        self._probe("claimed")
        return claimed

    async def begin(
        self,
        claimed: Claimed,
        *,
        holder: str,
        now: datetime,
        decide: Callable[[Person, Sequence[datetime]], str | Settlement],
        costs: Callable[[str], int],
        look_back: timedelta,
    ) -> Begun | Settlement:
        """Ask `decide` once more under the account's lock and return what it decided.

        `decide` also gets when the person was last written to, the newest first, within `look_back` (zero: not needed).
        An API's name commits `attempting` and takes the API's cost from the person's quota; a settlement is written.
        """

        async def apply(connection: Connection) -> Begun | Settlement:
            return await begin_attempt(
                connection, claimed, holder=holder, now=now, decide=decide, costs=costs, look_back=look_back
            )

        begun = await self._database.write(apply)
        self._probe("attempting")
        return begun

    async def settle(self, settlements: Sequence[Settlement], *, holder: str, now: datetime) -> None:
        """Write what rows became. A row that another holder took over stays theirs, unless it is `unknown`."""
        self._probe("answered")

        async def apply(connection: Connection) -> None:
            await lock_accounts(connection, [settlement.claimed.account_id for settlement in settlements])
            await settle_attempts(connection, settlements, holder=holder, now=now)

        await self._database.write(apply)
        self._probe("settled_delivery")

    async def renew(self, ids: Iterable[int], *, holder: str, until: datetime) -> int:
        """Hold claimed rows until `until`; return how many are still this holder's."""

        async def apply(connection: Connection) -> int:
            mine = (DELIVERY.c.id.in_(sorted(ids)), DELIVERY.c.holder == holder, DELIVERY.c.state.in_(_HELD))
            changed = await connection.execute(update(DELIVERY).where(*mine).values(lease_until=until))
            return int(changed.rowcount)

        return await self._database.write(apply)

    async def release_all(self) -> int:
        """End every lease at once. Only for the one process that serves on a SQLite file: whoever held them is dead."""

        async def apply(connection: Connection) -> int:
            ended = await connection.execute(
                update(DELIVERY).where(DELIVERY.c.state.in_(_HELD)).values(lease_until=None)
            )
            return int(ended.rowcount)

        return await self._database.write(apply)

    async def counts(self) -> dict[str, int]:
        """Return how many rows are in each unsettled state, 0 included (a partial index keeps this cheap)."""
        query = select(DELIVERY.c.state, func.count()).where(DELIVERY.c.state.in_(OPEN)).group_by(DELIVERY.c.state)
        async with self._database.read() as connection:
            found = {row[0]: row[1] for row in await connection.execute(query)}
        return dict.fromkeys(OPEN_WORDS, 0) | found
