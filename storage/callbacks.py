"""Call-backs: a round a policy, its answers, each written once, and which one runs with a person.

Whoever writes `reach` holds the lock of its account, as recording a message does.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import func, select, update

from content.value import value
from storage.accounts import lock_accounts
from storage.callback_rounds import Round, rounds
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import ACCOUNT, CALLBACK, CALLBACK_ANSWER, IDENTITY, REACH
from storage.tables.callbacks import CallbackState
from storage.tasks import TaskDraft, take_task


@value
class Place:
    """With whom a call-back is held, and where: the account by its name in the settings."""

    account: str
    identity_id: int


@value
class Subject:
    """What a round is about, in which questions."""

    holder: str
    policy: str
    product: str
    due: date | None
    edition: str


@value
class Answered:
    """An answer to be written. `total`: with so many the round is done."""

    question: str
    text: str
    label: str
    value: str
    is_doubt: bool
    #: The message that answered, by its place in the account's log.
    seq: int
    total: int


@value
class DoubtTask:
    """The task that a doubtful answer makes."""

    cause: str
    title: str
    customer_id: int
    due_at: datetime
    #: What staff read of the answer.
    phrase: str
    catch_all: int | None


class Callbacks:
    """Writes rounds and answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, place: Place, subject: Subject, *, now: datetime) -> Round:
        """Return the open round of a policy, a new one when there is none; it runs from now.

        One of another edition is `replaced`: its answers stay, to questions that are not asked any more.
        """

        async def apply(connection: Connection) -> Round:
            account_id = await _lock(connection, place)
            mine = (
                CALLBACK.c.identity_id == place.identity_id,
                CALLBACK.c.policy == subject.policy,
                CALLBACK.c.state == CallbackState.OPEN,
            )
            other = (CALLBACK.c.edition != subject.edition) | (CALLBACK.c.holder != subject.holder)
            await connection.execute(
                update(CALLBACK).where(*mine, other).values(state=CallbackState.REPLACED, ended_at=now)
            )
            values = {
                "identity_id": place.identity_id,
                "holder": subject.holder,
                "policy": subject.policy,
                "product": subject.product,
                "due": subject.due,
                "edition": subject.edition,
                "state": CallbackState.OPEN,
                "begun_at": now,
            }
            await connection.execute(upsert(connection.dialect)(CALLBACK).values(**values).on_conflict_do_nothing())
            # Who comes back is asked once more again, as at first.
            fresh = {"paused_by": None, "missed": None, "missed_by": None}
            await connection.execute(update(CALLBACK).where(*mine).values(**fresh))
            [found] = await rounds(connection, *mine)
            await _run(connection, account_id, place.identity_id, found.id)
            return found

        return await self._database.write(apply)

    async def current(self, place: Place) -> Round | None:
        """Return the round that runs with somebody on an account."""
        query = (
            select(REACH.c.callback_id)
            .join(ACCOUNT, ACCOUNT.c.id == REACH.c.account_id)
            .where(ACCOUNT.c.name == place.account, REACH.c.identity_id == place.identity_id)
        )
        async with self._database.read() as connection:
            number = (await connection.execute(query)).scalar()
            found = [] if number is None else await rounds(connection, CALLBACK.c.id == number)
        return found[0] if found else None

    async def get(self, round_id: int, identity_id: int) -> Round | None:
        """Return a round of somebody's."""
        async with self._database.read() as connection:
            found = await rounds(connection, CALLBACK.c.id == round_id, CALLBACK.c.identity_id == identity_id)
        return found[0] if found else None

    async def done(self, customer_id: int, policies: Collection[str]) -> dict[str, Round]:
        """Return by policy the last round that the customer finished, whichever of their identities did."""
        mine = CALLBACK.c.identity_id.in_(select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id))
        wanted = (CALLBACK.c.policy.in_(sorted(policies)), CALLBACK.c.state == CallbackState.DONE)
        async with self._database.read() as connection:
            return {each.policy: each for each in await rounds(connection, mine, *wanted)}

    async def begun(self, identity_id: int, policies: Collection[str]) -> frozenset[str]:
        """Return of which of these policies somebody has an open round."""
        mine = (CALLBACK.c.identity_id == identity_id, CALLBACK.c.state == CallbackState.OPEN)
        query = select(CALLBACK.c.policy).where(*mine, CALLBACK.c.policy.in_(sorted(policies)))
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def take(
        self, round_id: int, place: Place, answer: Answered, *, doubt: DoubtTask | None, now: datetime
    ) -> Round | None:
        """Write an answer, what needs a person of it, and the end of the round, in one transaction; return the round.

        The first answer to a question counts, and a message answers one question: what comes again changes nothing.
        None when the round is not open any more.
        """

        async def apply(connection: Connection) -> Round | None:
            account_id = await _lock(connection, place)
            mine = (CALLBACK.c.id == round_id, CALLBACK.c.identity_id == place.identity_id)
            query = select(CALLBACK).where(*mine, CALLBACK.c.state == CallbackState.OPEN).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            values = {
                "callback_id": round_id,
                "question": answer.question,
                "edition": row.edition,
                "text": answer.text,
                "label": answer.label,
                "value": answer.value,
                "is_doubt": answer.is_doubt,
                "account_id": account_id,
                "seq": answer.seq,
                "at": now,
            }
            fresh = upsert(connection.dialect)(CALLBACK_ANSWER).values(**values).on_conflict_do_nothing()
            written = (await connection.execute(fresh.returning(CALLBACK_ANSWER.c.seq))).first() is not None
            if written and doubt is not None:
                await _need_a_person(connection, account_id, answer.seq, doubt, now=now)
            count = select(func.count()).where(CALLBACK_ANSWER.c.callback_id == round_id)
            is_done = (await connection.execute(count)).scalar_one() >= answer.total
            ended = {"state": CallbackState.DONE, "ended_at": now} if is_done else {}
            await connection.execute(update(CALLBACK).where(*mine).values(paused_by=None, **ended))
            await _run(connection, account_id, place.identity_id, round_id)
            return (await rounds(connection, *mine))[0]

        return await self._database.write(apply)

    async def miss(self, round_id: int, place: Place, *, question: str, by: str) -> None:
        """Note that a question is asked again, because the message `by` (ACCOUNT:SEQ) was no answer to it."""
        await self._change(round_id, place, missed=question, missed_by=by)

    async def pause(self, round_id: int, place: Place, *, by: str) -> None:
        """Put an open round aside by a message; it goes on where it stood."""
        await self._change(round_id, place, paused_by=by)

    async def forget(self, place: Place) -> None:
        """Let none run with somebody on an account; rounds stay as they are."""

        async def apply(connection: Connection) -> None:
            await _run(connection, await _lock(connection, place), place.identity_id, None)

        await self._database.write(apply)

    async def _change(self, round_id: int, place: Place, **values: str) -> None:
        mine = (CALLBACK.c.id == round_id, CALLBACK.c.identity_id == place.identity_id)
        changed = update(CALLBACK).where(*mine, CALLBACK.c.state == CallbackState.OPEN).values(**values)

        async def apply(connection: Connection) -> None:
            await connection.execute(changed)

        await self._database.write(apply)


async def _lock(connection: Connection, place: Place) -> int:
    """Hold the account's row as everybody does who writes `reach`; return its id."""
    query = select(ACCOUNT.c.id).where(ACCOUNT.c.name == place.account)
    account_id = int((await connection.execute(query)).scalar_one())
    await lock_accounts(connection, [account_id])
    return account_id


async def _run(connection: Connection, account_id: int, identity_id: int, round_id: int | None) -> None:
    mine = (REACH.c.account_id == account_id, REACH.c.identity_id == identity_id)
    await connection.execute(update(REACH).where(*mine).values(callback_id=round_id))


async def _need_a_person(connection: Connection, account_id: int, seq: int, doubt: DoubtTask, *, now: datetime) -> None:
    draft = TaskDraft(
        cause=doubt.cause,
        title=doubt.title,
        customer_id=doubt.customer_id,
        due_at=doubt.due_at,
        account_id=account_id,
        seq=seq,
        phrase=doubt.phrase,
    )
    await take_task(connection, draft, now=now, catch_all=doubt.catch_all)
