"""The tick that seals says which accounts it could not seal."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from bot.scheduler.ticks import Ticks
from storage.chain import Chain
from storage.seal_file import SealFile
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


def _ticks(stores: OpenStores, clock: ManualClock, outside: Path) -> Ticks:
    return Ticks(
        leaders=stores.leaders,
        chain=Chain(stores.database, SealFile(outside)),
        replies=stores.replies,
        customers=stores.customers,
        directories={},
        active=frozenset(),
        database=stores.database,
        clock=clock,
        holder="scheduler-1",
        on_outbox=lambda: None,
        on_swept=lambda _state, _count: None,
    )


async def test_a_refusal_to_seal_is_a_log_line_that_names_the_account(
    stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    account = (await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")]))["service"]
    visitors = Visitors(stores.log, account, clock)
    ticks = _ticks(stores, clock, tmp_path / "seals.jsonl")
    with capture_logs() as quiet:
        for words in ("你好", "在吗"):
            await visitors.say("alice", words)
            await ticks.seal()
    (tmp_path / "seals.jsonl").unlink()
    with capture_logs() as lines:
        await ticks.seal()

    assert quiet == []
    assert [(line["action"], line["account"], line["log_level"]) for line in lines] == [
        ("seal_refused", "service", "error")
    ]
