"""A log that people fill and somebody rewrites with the database's password, and what verifying it finds."""

from __future__ import annotations

from pathlib import Path

from storage.chain import Chain
from storage.chain_check import AccountReport
from storage.digests import LEAF_COLUMNS, chain_head, content_digest, row_leaf
from storage.seal_file import SealFile
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


async def talk(stores: OpenStores, visitors: Visitors, clock: ManualClock, turns: int) -> None:
    """Let three people say `turns` sentences in all, a second apart, each of which is answered."""
    for n in range(turns):
        said = await visitors.say(f"p{n % 3}", f"第{n}句")
        await stores.handling.finish(turn(lease_of(said), [said.seq], f"答{n}", now=clock.now()))
        await clock.advance(1)


async def verified(stores: OpenStores, outside: Path) -> AccountReport:
    """Verify as a new process would, and return what was found in the official account's log."""
    reports = await Chain(stores.database, SealFile(outside)).verify()
    [report] = [report for report in reports if report.account == "service"]
    return report


async def sealed_twice(stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain) -> None:
    """Let people talk, twice, and seal after each time: rows 1 to 4 and 5 to 8."""
    for _ in range(2):
        await talk(stores, visitors, clock, 2)
        await chain.seal(now=clock.now())


async def rewrite_consistently(stores: OpenStores) -> None:
    """Change row 5 in content and digest, so that they agree."""
    salt, fields = b"s" * 16, '{"content":"从未说过"}'
    where = "WHERE account_id = 1 AND seq = 5"
    await stores.change(f"UPDATE content SET salt = :salt, fields = :fields {where}", salt=salt, fields=fields)
    await stores.change(f"UPDATE message SET digest = :digest {where}", digest=content_digest(salt, fields))


async def rewrite_with_seals(stores: OpenStores) -> None:
    """Change row 5 and then every seal of the database, so that inside everything agrees."""
    await rewrite_consistently(stores)
    await _seal_as_it_is(stores)


async def _seal_as_it_is(stores: OpenStores) -> None:
    head = bytes(32)
    columns = ", ".join((*LEAF_COLUMNS, "digest"))
    for seal in await stores.rows("SELECT from_seq, to_seq FROM seal WHERE account_id = 1 ORDER BY to_seq"):
        rows = await stores.rows(
            f"SELECT {columns} FROM message WHERE account_id = 1 AND seq BETWEEN :a AND :b ORDER BY seq",
            a=seal["from_seq"],
            b=seal["to_seq"],
        )
        head = chain_head(head, [row_leaf(row | {"digest": bytes(row["digest"])}) for row in rows])
        await stores.change(
            "UPDATE seal SET head = :head WHERE account_id = 1 AND to_seq = :to", head=head, to=seal["to_seq"]
        )
