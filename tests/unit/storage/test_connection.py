"""Statements on a plain connection, and statements that are compiled once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import String, bindparam, create_engine, insert, select, update
from sqlalchemy.engine import Connection, Dialect

from storage.connection import InlineConnection, run_inline
from storage.people import upsert
from storage.statements import Bulk, Lookup, Prepared
from storage.tables import CUSTOMER, LEADER, METADATA
from storage.tables.instant import from_micros, to_micros


@pytest.fixture
def plain() -> Iterator[Connection]:
    """Return a plain connection to a database in memory with every table."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _row(role: str, holder: str) -> tuple[Any, ...]:
    values = {"role": role, "holder": holder, "lease_until": 0, "epoch": 1}
    return tuple(values[column.name] for column in LEADER.columns)


def test_a_transaction_runs_without_a_loop(plain: Connection) -> None:
    async def apply() -> str:
        connection = InlineConnection(plain)
        await connection.execute(insert(LEADER).values(role="r", holder="h", lease_until=from_micros(1), epoch=1))
        return str((await connection.execute(select(LEADER.c.holder))).scalar_one())

    assert run_inline(apply()) == "h"


def test_a_transaction_that_waits_for_anything_else_is_refused() -> None:
    async def apply() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something else"):
        run_inline(apply())


def test_an_error_in_a_transaction_comes_out_as_it_is() -> None:
    async def apply() -> None:
        raise LookupError("as it is")

    with pytest.raises(LookupError, match="as it is"):
        run_inline(apply())


@pytest.mark.parametrize("count", [0, 1, 2, 3, 37, 64, 65, 200])
def test_bulk_rows_are_written_whatever_their_number(plain: Connection, count: int) -> None:
    columns = [column.name for column in LEADER.columns]
    values = [{"role": f"r{n:03}", "holder": f"h{n}", "lease_until": n, "epoch": n * 2} for n in range(count)]
    bulk = Bulk(LEADER)
    run_inline(bulk.run(InlineConnection(plain), [tuple(value[name] for name in columns) for value in values]))

    rows = plain.exec_driver_sql("SELECT role, holder, lease_until, epoch FROM leader ORDER BY role").mappings()
    assert [dict(row) for row in rows] == values


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_bulk_upsert_changes_the_rows_that_are_there(plain: Connection, count: int) -> None:
    def make(dialect: Dialect) -> Any:
        statement = upsert(dialect)(LEADER)
        return statement.on_conflict_do_update(
            index_elements=["role"], set_={"holder": statement.excluded.holder, "epoch": statement.excluded.epoch}
        )

    bulk, connection = Bulk(LEADER, make=make), InlineConnection(plain)
    run_inline(bulk.run(connection, [_row("r0", "first")]))
    run_inline(bulk.run(connection, [_row(f"r{n}", "second") for n in range(count)]))

    rows = plain.execute(select(LEADER.c.role, LEADER.c.holder)).all()
    assert {row.role: row.holder for row in rows} == {f"r{n}": "second" for n in range(count)}


@pytest.mark.parametrize("count", [0, 1, 2, 5, 64, 100])
def test_a_lookup_finds_each_of_its_values_once(plain: Connection, count: int) -> None:
    run_inline(Bulk(LEADER).run(InlineConnection(plain), [_row(f"r{n}", "mine") for n in range(150)]))
    lookup = Lookup(
        lambda roles: select(LEADER.c.role).where(LEADER.c.role.in_(roles), LEADER.c.holder == bindparam("by")),
        of=LEADER.c.role,
    )
    wanted = [f"r{n}" for n in range(count)]
    found = run_inline(lookup.run(InlineConnection(plain), wanted, by="mine"))

    assert sorted(row.role for row in found) == sorted(wanted)
    assert run_inline(lookup.run(InlineConnection(plain), wanted, by="another")) == []


def test_a_lookup_changes_only_its_values(plain: Connection) -> None:
    run_inline(Bulk(LEADER).run(InlineConnection(plain), [_row(role, "old") for role in "abcd"]))
    change = Lookup(
        lambda roles: update(LEADER).where(LEADER.c.role.in_(roles)).values(holder=bindparam("by", type_=String())),
        of=LEADER.c.role,
    )
    run_inline(change.run(InlineConnection(plain), ["a", "b", "nobody"], by="new"))
    run_inline(change.run(InlineConnection(plain), [], by="lost"))

    rows = plain.execute(select(LEADER.c.role, LEADER.c.holder)).all()
    assert {row.role: row.holder for row in rows} == {"a": "new", "b": "new", "c": "old", "d": "old"}


def test_a_bulk_insert_gives_back_what_it_is_asked_for(plain: Connection) -> None:
    columns = [CUSTOMER.c.created_at]
    bulk = Bulk(CUSTOMER, columns=columns, make=lambda _dialect: insert(CUSTOMER).returning(CUSTOMER.c.id))
    made = run_inline(bulk.run(InlineConnection(plain), [(7,)] * 69))

    assert sorted(row.id for row in made) == list(range(1, 70))
    assert set(plain.exec_driver_sql("SELECT created_at, merged_into FROM customer").all()) == {(7, None)}


def test_a_prepared_statement_takes_its_values_by_name(plain: Connection) -> None:
    run_inline(Bulk(LEADER).run(InlineConnection(plain), [_row(role, "old") for role in "ab"]))
    statement = update(LEADER).where(LEADER.c.role == bindparam("which", type_=String()))
    prepared = Prepared(
        lambda _dialect: statement.values(holder=bindparam("by", type_=String())).returning(LEADER.c.role)
    )

    assert [row.role for row in run_inline(prepared.run(InlineConnection(plain), by="new", which="b"))] == ["b"]
    rows = plain.execute(select(LEADER.c.role, LEADER.c.holder)).all()
    assert {row.role: row.holder for row in rows} == {"a": "old", "b": "new"}


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_a_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_moments_of_all_zones_are_the_same_moment() -> None:
    utc = datetime(2026, 5, 1, 1, 2, 3, 4, tzinfo=UTC)

    assert to_micros(utc) == to_micros(utc.astimezone(timezone(timedelta(hours=8)))) == 1_777_597_323_000_004


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        to_micros(datetime(2026, 5, 1))  # noqa: DTZ001
