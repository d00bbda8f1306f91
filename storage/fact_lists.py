"""Lists of the insurer's own: each row found its customer, and what it says of them taken down, some rows at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select

from content.attributes import FactValue
from content.consent import Consent, ConsentState
from content.facts import CONFIDENCES, Source
from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.fact_rows import FactDraft, hold_living, take_facts
from storage.people import latest_consents, upsert
from storage.tables import ACCOUNT, CUSTOMER, FACT_LIST, IDENTITY, POLICY_BINDING
from storage.viewer import Viewer

_REFUSED = frozenset({ConsentState.REFUSED, ConsentState.WITHDRAWN})
#: A merge may move a customer between looking and locking; after so many of them something else is wrong.
_TRIES = 5


class KeyKind(StrEnum):
    """By what a row names its customer."""

    CUSTOMER = "customer"
    #: An openid, external_userid or userid.
    PERSON = "person"
    UNION = "unionid"
    #: The number of a policyholder, for who is bound to it.
    HOLDER = "holder"


@value
class Told:
    """One value of a row."""

    attribute: str
    is_many: bool
    is_sensitive: bool
    value: FactValue
    unit: str | None
    valid_to: datetime | None


@value
class ListedRow:
    """One row whose values were read."""

    #: As the file counts, from one.
    row: int
    key: str
    facts: tuple[Told, ...]


class Outcome(StrEnum):
    """What became of a row."""

    TAKEN = "taken"
    #: Nobody, or nobody the viewer may see: nothing tells which.
    NOBODY = "nobody"
    SEVERAL = "several"
    #: They do not want a profile.
    REFUSED = "refused"
    #: What is sensitive was left out: they did not consent to it.
    NOT_SENSITIVE = "not_sensitive"


@value
class TakenRow:
    """A row, and what became of it."""

    row: int
    outcome: Outcome
    #: What was left out.
    attributes: tuple[str, ...] = ()


@value
class OpenList:
    """A list that is being read."""

    id: int
    name: str
    source: Source
    as_of: datetime
    #: It was read before, wholly or not.
    is_known: bool


class FactLists:
    """Takes lists down. Killed midway, the same list again goes on; wholly read, it changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, digest: bytes, *, name: str, source: Source, as_of: datetime, viewer: Viewer, now: datetime
    ) -> OpenList:
        """Return the list of this digest, a new one unless it was read before: then as of when it was then.

        Raises StorageError when it was read before as something else.
        """

        async def apply(connection: Connection) -> OpenList:
            query = select(FACT_LIST).where(FACT_LIST.c.digest == digest)
            values = {"digest": digest, "name": name, "source": source, "as_of": as_of}
            values |= {"created_at": now, "created_by": viewer.name}
            # Two who bring it in at once: the digest makes it one list.
            fresh = upsert(connection.dialect)(FACT_LIST).values(**values).on_conflict_do_nothing()
            is_known = (await connection.execute(fresh.returning(FACT_LIST.c.id))).first() is None
            row = (await connection.execute(query)).one()
            if row.source != source:
                raise StorageError(
                    f"this list was read before as {row.source!r}, not {source!r}; a list has one source, keep that one"
                )
            deed = Deed(action="imported", subject="fact_list", subject_id=row.id, detail=row.name)
            await note_deed(connection, viewer, deed, now=now)
            return OpenList(id=row.id, name=row.name, source=source, as_of=row.as_of, is_known=is_known)

        return await self._database.write(apply)

    async def take(
        self, opened: OpenList, rows: Sequence[ListedRow], *, kind: KeyKind, viewer: Viewer, now: datetime
    ) -> tuple[list[TakenRow], int]:
        """Take some rows down in one transaction; return what became of each, and how many facts were new."""

        async def apply(connection: Connection) -> tuple[list[TakenRow], int]:
            who = await _hold(connection, kind, {row.key for row in rows}, viewer=viewer)
            consents = await latest_consents(connection, sorted({c for found in who.values() for c, _ in found}))
            taken, drafts = [], list[FactDraft]()
            for row in rows:
                found = who.get(row.key, [])
                if len({customer for customer, _ in found}) != 1:
                    outcome = Outcome.SEVERAL if found else Outcome.NOBODY
                    taken.append(TakenRow(row=row.row, outcome=outcome))
                    continue
                customer_id, identity_id = found[0]
                judged, facts = _judge(row, consents.get(customer_id, {}))
                taken.append(judged)
                drafts += [_draft(opened, row, told, customer_id, identity_id) for told in facts]
            count = await take_facts(connection, drafts, now=now)
            if count:
                deed = Deed(action="added", subject="fact_list", subject_id=opened.id, detail=f"{count}")
                await note_deed(connection, viewer, deed, now=now)
            return taken, count

        return await self._database.write(apply)


async def _hold(
    connection: Connection, kind: KeyKind, keys: Collection[str], *, viewer: Viewer
) -> dict[str, list[tuple[int, int | None]]]:
    """Return by key the living (customer, identity) it names, locked until the transaction ends."""
    found = await _match(connection, kind, keys, viewer=viewer)
    for _ in range(_TRIES):
        living = await hold_living(connection, {customer for each in found.values() for customer, _ in each})
        again = await _match(connection, kind, keys, viewer=viewer)
        if again == found:
            return {key: [one for one in each if one[0] in living] for key, each in found.items()}
        found = again
    raise StorageError("customers are merged faster than the list is read; read it again later")


async def _match(
    connection: Connection, kind: KeyKind, keys: Collection[str], *, viewer: Viewer
) -> dict[str, list[tuple[int, int | None]]]:
    query = matching(kind, keys, viewer=viewer)
    has_identity = kind in (KeyKind.PERSON, KeyKind.UNION)
    found: dict[str, list[tuple[int, int | None]]] = {}
    for key, customer_id, identity_id in sorted(map(tuple, await connection.execute(query))):
        found.setdefault(str(key), []).append((customer_id, identity_id if has_identity else None))
    return found


def matching(kind: KeyKind, keys: Collection[str], *, viewer: Viewer) -> Select[Any]:
    """Return the query of (key, customer, identity if any) of whom the viewer sees: by indexes alone."""
    wanted = sorted(keys)
    match kind:
        case KeyKind.CUSTOMER:
            numbers = [int(key) for key in wanted]
            query = select(CUSTOMER.c.id.label("key"), CUSTOMER.c.id, CUSTOMER.c.id.label("none")).where(
                CUSTOMER.c.id.in_(numbers), viewer.sees_customer(CUSTOMER.c.id)
            )
        case KeyKind.HOLDER:
            customer = POLICY_BINDING.c.customer_id
            query = select(POLICY_BINDING.c.holder.label("key"), customer, customer.label("none")).where(
                POLICY_BINDING.c.holder.in_(wanted),
                POLICY_BINDING.c.unbound_at.is_(None),
                viewer.sees_customer(customer),
            )
        case _:
            column = IDENTITY.c.external_id if kind is KeyKind.PERSON else IDENTITY.c.union_id
            query = select(column.label("key"), IDENTITY.c.customer_id, IDENTITY.c.id).where(
                column.in_(wanted), viewer.sees_customer(IDENTITY.c.customer_id)
            )
            if kind is KeyKind.PERSON:
                # External ids are found within their realms; without these all identities would be walked.
                query = query.where(IDENTITY.c.realm.in_(select(ACCOUNT.c.realm)))
    return query


def _judge(row: ListedRow, consents: dict[str, str]) -> tuple[TakenRow, list[Told]]:
    """Return what of a row may be taken down."""
    if consents.get(Consent.PROFILE) in _REFUSED:
        return TakenRow(row=row.row, outcome=Outcome.REFUSED), []
    allows = consents.get(Consent.SENSITIVE) == ConsentState.GRANTED
    left_out = tuple(told.attribute for told in row.facts if told.is_sensitive and not allows)
    facts = [told for told in row.facts if allows or not told.is_sensitive]
    outcome = Outcome.NOT_SENSITIVE if left_out else Outcome.TAKEN
    return TakenRow(row=row.row, outcome=outcome, attributes=left_out), facts


def _draft(opened: OpenList, row: ListedRow, told: Told, customer_id: int, identity_id: int | None) -> FactDraft:
    return FactDraft(
        customer_id=customer_id,
        identity_id=identity_id,
        attribute=told.attribute,
        is_many=told.is_many,
        value=told.value,
        unit=told.unit,
        confidence=CONFIDENCES[opened.source],
        source=opened.source,
        evidence=json.dumps({"list": opened.id, "row": row.row}),
        origin=f"list:{opened.id}",
        observed_at=opened.as_of,
        valid_to=told.valid_to,
        consent_basis="sensitive" if told.is_sensitive else "insurer",
    )
