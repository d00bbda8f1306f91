"""The data of the campaign benchmark: customers with ten facts each, written by set-based SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

FACTS: Final = 10
#: 2026-01-01 in microseconds.
_START: Final = 1_767_225_600_000_000
_NEVER: Final = 2**63 - 1
_CITIES: Final = ("上海", "北京", "广州", "深圳", "杭州", "成都", "武汉", "南京", "苏州", "西安")
_EMPLOYMENT: Final = ("employed", "self_employed", "freelance", "retired", "homemaker")
_LEVELS: Final = ("ordinary", "silver", "gold", "platinum")
_NEEDS: Final = ("critical_illness", "medical", "accident", "life", "annuity", "pension")
_PAYMENT: Final = ("single", "annual", "monthly")


def fill(path: Path, *, customers: int) -> None:
    """Fill a migrated SQLite file; what holds now alone (`fact_current`): segments read nothing else of facts."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'fact_current' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")
    numbers = f"WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {customers})"
    connection.execute(f"{numbers} INSERT INTO customer (id, created_at) SELECT n, {_START} + n FROM number")
    # In the order of the primary key; a draw a customer and attribute: Lehmer's generator (Park and Miller 1988) with
    # another multiplier each, its lower digits dropped. One multiplier would make the draws follow each other.
    draws = ", ".join(
        f"n * {48_271 + 7_918 * k} % 2147483647 * {16_807 + 1_234 * k} % 2147483647 / 97 AS d{k}" for k in range(FACTS)
    )
    columns = "customer_id, attribute, subject, value, word, number, day, polarity, confidence, source, fact_id"
    parts = " UNION ALL ".join(_part(k, attribute, shown) for k, (attribute, shown) in enumerate(_ATTRIBUTES))
    connection.execute(
        f"{numbers}, drawn AS (SELECT n, {draws} FROM number)"
        f" INSERT INTO fact_current ({columns}, observed_at, until, status)"
        f" SELECT n, attribute, 'self', coalesce(word, number), word, number, NULL, '+', 0.9, 'list', 1,"
        f" {_START}, {_NEVER}, 'active' FROM ({parts}) ORDER BY n, attribute"
    )
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def flatten(path: Path) -> None:
    """Make the baseline's table: one row a customer, a column a fact, as a spreadsheet would have it."""
    connection = sqlite3.connect(path, isolation_level=None)
    names = {"person.city": "city", "finance.budget": "budget", "finance.has_mortgage": "mortgage"}
    columns = ", ".join(
        f"max(CASE WHEN attribute = '{key}' THEN coalesce(word, number) END) AS {name}" for key, name in names.items()
    )
    connection.execute(f"CREATE TABLE flat AS SELECT customer_id, {columns} FROM fact_current GROUP BY customer_id")
    connection.close()


def _word(values: tuple[str, ...], k: int) -> str:
    cases = " ".join(f"WHEN {n} THEN '{each}'" for n, each in enumerate(values))
    return f"CASE d{k} % {len(values)} {cases} END AS word, NULL AS number"


def _part(k: int, attribute: str, shown: tuple[str, ...] | str) -> str:
    value = _word(shown, k) if isinstance(shown, tuple) else f"NULL AS word, CAST({shown.format(d=f'd{k}')} AS REAL)"
    return f"SELECT n, '{attribute}' AS attribute, {value}{'' if isinstance(shown, tuple) else ' AS number'} FROM drawn"


_ATTRIBUTES: Final[tuple[tuple[str, tuple[str, ...] | str], ...]] = (
    ("person.city", _CITIES),
    ("person.employment", _EMPLOYMENT),
    ("insurer.level", _LEVELS),
    ("need.product", _NEEDS),
    ("finance.payment_mode", _PAYMENT),
    ("finance.budget", "{d} % 10 * 1000 + 500"),
    ("finance.has_mortgage", "{d} % 2"),
    ("finance.has_car", "{d} % 3 = 0"),
    ("person.age", "{d} % 60 + 18"),
    ("person.birthday", "({d} % 12 + 1) * 100 + {d} % 28 + 1"),
)
