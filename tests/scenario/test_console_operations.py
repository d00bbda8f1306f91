"""Operations in the console: what stands there is what the database says, and no secret is part of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from storage.chain import Chain
from storage.operations import Operations
from storage.seal_file import SealFile
from tests.browser.console.desk import SERVICE, Desk, open_desk
from tests.browser.console.work import fetch_token, index
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.synced import stopped_sync

_PAGE = "/console/operations"


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True)


async def _seen(desk: Desk) -> str:
    """Return what the page says, without its HTML."""
    text = (await (await desk.clerk("admin")).get(_PAGE)).text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("<main")[2]))


async def test_an_account_stands_there_with_its_log_and_without_a_token(desk: Desk) -> None:
    seen = await _seen(desk)
    for shown in (f"{SERVICE.title} service 公众号 wx-realm 尚未获取", f"{await desk.stores.count('message')} 条"):
        assert shown in seen


async def test_a_token_lives_until_it_ends_and_is_never_shown(desk: Desk, clock: ManualClock) -> None:
    await fetch_token(desk)
    live = await _seen(desk)
    await clock.advance(2 * 3600)
    ended = await _seen(desk)

    assert "有效 有效至 今天 19:30" in live
    assert "已过期 有效至 今天 19:30" in ended
    assert "the-token-itself" not in live + ended
    assert SERVICE.secret.get_secret_value() not in live + ended


async def test_the_oldest_unhandled_message_and_unsettled_deliveries_are_shown(desk: Desk, clock: ManualClock) -> None:
    waits = [await _seen(desk)]
    await clock.advance(3 * 60)
    waits.append(await _seen(desk))
    await desk.stores.change("UPDATE work SET state = 'done'")
    waits.append(await _seen(desk))

    assert "最早一条已等 0 秒" in waits[0]
    assert "最早一条已等 3 分钟" in waits[1]
    assert "没有积压 待发送 0 已领取 0 发送中 0 待重试 0" in waits[2]


async def test_the_hours_are_those_of_china_and_the_running_one_is_the_last(desk: Desk, clock: ManualClock) -> None:
    await clock.advance(7 * 3600)
    await desk.visitors().say("newcomer", "零点以后")
    rows = re.findall(r"(\S+ \d\d:00) (\d+) (\d+) (\d+)", await _seen(desk))

    assert len(rows) == 24
    assert (rows[0][0], rows[-1]) == ("昨天 01:00", ("今天 00:00", "0", "0", "1"))


async def test_who_leads_runs_until_the_lease_ends(desk: Desk, clock: ManualClock) -> None:
    nobody, now = await _seen(desk), clock.now()
    await desk.stores.leaders.lead("scheduler", holder="bot-7", now=now, until=now + timedelta(seconds=15))
    leads = await _seen(desk)
    await clock.advance(15)
    gone = await _seen(desk)

    assert "调度 没有运行" in nobody
    assert "调度 运行中 bot-7" in leads
    assert "调度 已停止 bot-7" in gone


async def test_a_processor_is_as_far_behind_as_it_has_not_read(desk: Desk) -> None:
    rows = await desk.stores.count("message")
    before = await _seen(desk)
    await index(desk)
    after = await _seen(desk)

    assert f"待办识别 落后 {rows} 条 搜索索引 落后 {rows} 条" in before
    assert f"待办识别 落后 {rows} 条 搜索索引 已跟上" in after


async def test_the_log_is_sealed_to_its_end_or_says_how_much_is_not(
    desk: Desk, clock: ManualClock, tmp_path: Path
) -> None:
    rows = await desk.stores.count("message")
    before = await _seen(desk)
    await Chain(desk.stores.database, SealFile(tmp_path / "seals.jsonl")).seal(now=clock.now())
    after = await _seen(desk)
    await desk.visitors().say("newcomer", "还有一句")

    assert f"还有 {rows} 条待封存" in before
    assert "已封存到最新" in after
    assert "还有 1 条待封存" in await _seen(desk)


async def test_the_database_is_named_with_its_size(desk: Desk) -> None:
    state, seen = await Operations(desk.stores.database).storage(), await _seen(desk)

    assert state.kind == ("sqlite" if desk.stores.database.is_sqlite else "postgresql")
    assert 100_000 < state.size < 1_000_000_000
    assert ("数据库 SQLite" if desk.stores.database.is_sqlite else "数据库 PostgreSQL") in seen
    assert re.search(r"占用 [0-9.]+ (kB|MB) ", seen)


async def test_the_last_sync_is_shown_with_what_it_found_of_staff_and_no_customer(
    desk: Desk, clock: ManualClock
) -> None:
    before = await _seen(desk)
    await stopped_sync(desk.stores, clock)
    after = await _seen(desk)

    assert "与平台核对" not in before
    for shown in (
        "部门和成员 service 已停下",
        "共 7：新增 1，变更 0，离开 0，没有对应机构 2，没有采纳 0",
        "没有对应机构 · 部门 · 后勤（编号 9）：2 人",
    ):
        assert shown in after
    assert "4711" not in after


async def test_htmx_gets_the_state_alone_and_the_page_asks_for_it_every_ten_seconds(desk: Desk) -> None:
    clerk = await desk.clerk("admin")
    whole, part = await clerk.get(_PAGE), await clerk.get(_PAGE, HX_Request="true")

    assert f'hx-get="{_PAGE}" hx-trigger="every 10s"' in whole.text
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert SERVICE.title in part.text
    assert "最近的审计记录" in part.text
