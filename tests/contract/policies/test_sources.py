"""One suite over both policy sources: the nightly drop and the REST service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.policies.drop import DropLoader, DropRefused, DropSource
from bot.policies.rest import RestSource
from handlers.policies.ports import PolicySource, SourceDown
from storage.policy_drops import PolicyDrops
from tests.fakes.clock import ManualClock
from tests.fakes.policy_drop import POLICIES, write_drop
from tests.fakes.policy_service import SECRET, PolicyService
from tests.fakes.stores import OpenStores

STALE = timedelta(hours=48)


@pytest.fixture
async def service() -> AsyncIterator[tuple[PolicyService, TestServer]]:
    served = PolicyService()
    server = TestServer(served.application())
    await server.start_server()
    yield served, server
    await server.close()


@pytest.fixture
async def rest(service: tuple[PolicyService, TestServer]) -> AsyncIterator[RestSource]:
    async with aiohttp.ClientSession() as http:
        yield RestSource(http=http, url=str(service[1].make_url("")), secret=SecretStr(SECRET))


@pytest.fixture
async def drop(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> DropSource:
    drops = PolicyDrops(stores.database)
    await DropLoader(drops, clock=clock).load(write_drop(tmp_path / "drop", clock.now()))
    return DropSource(drops, clock=clock, stale=STALE)


@pytest.fixture(params=["drop", "rest"])
def source(request: pytest.FixtureRequest, drop: DropSource, rest: RestSource) -> PolicySource:
    return drop if request.param == "drop" else rest


async def test_the_three_that_belong_together_find_the_holder_and_no_others_do(source: PolicySource) -> None:
    found = await source.find(name="林晓燕", policy="P20260002", id_tail="01234X")
    assert found is not None
    assert (found.holder, found.phone) == ("H1", "13900001234")
    for name, policy, id_tail in (
        ("林晓燕", "P20260003", "01234X"),
        ("何文", "P20260001", "01234X"),
        ("林晓燕", "P20260001", "012345"),
        ("林晓燕", "P9", "01234X"),
    ):
        assert await source.find(name=name, policy=policy, id_tail=id_tail) is None


async def test_a_book_has_what_the_source_has_and_nothing_more(source: PolicySource) -> None:
    book = await source.book("H1")
    first, second = book.policies
    assert (first.number, first.next_due, first.premium) == ("P20260001", date(2027, 3, 1), Decimal("12000.00"))
    assert (second.next_due, second.sum_insured, second.premium) == (None, None, Decimal("860.5"))
    assert [(case.kind, case.step, case.next_step) for case in book.cases] == [("理赔", "资料审核中", "等待医院病历")]
    assert book.as_of.tzinfo is not None


async def test_a_call_back_is_asked_for_where_the_source_says_so_and_by_a_file_without_the_column_never(
    drop: DropSource, rest: RestSource, stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    assert [policy.callback_due for policy in (await rest.book("H1")).policies] == [None, date(2026, 5, 16)]
    assert [policy.callback_due for policy in (await drop.book("H1")).policies] == [None, None]
    lines = (f"{POLICIES[0]},callback_due", f"{POLICIES[1]},2026-05-16", f"{POLICIES[2]},", f"{POLICIES[3]},bald")
    folder = write_drop(tmp_path / "newer", clock.now(), lines={"policies": lines})
    loaded = await DropLoader(PolicyDrops(stores.database), clock=clock).load(folder)
    assert [line.split(": ")[:2] for line in loaded.bad] == [["policies.csv:4", "callback_due"]]
    assert [policy.callback_due for policy in (await drop.book("H1")).policies] == [date(2026, 5, 16), None]


async def test_a_holder_who_is_gone_is_none(source: PolicySource) -> None:
    assert await source.holder("H9") is None
    assert (await source.holder("H2")) is not None


# The drop ------------------------------------------------------------------------------------------------------------


async def test_without_a_drop_or_with_an_old_one_the_source_is_down(
    stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    drops = PolicyDrops(stores.database)
    source = DropSource(drops, clock=clock, stale=STALE)
    with pytest.raises(SourceDown, match="no drop"):
        await source.book("H1")
    old = clock.now() - STALE - timedelta(seconds=1)
    await DropLoader(drops, clock=clock).load(write_drop(tmp_path / "old", old))
    for asking in (source.book("H1"), source.holder("H1"), source.find(name="林晓燕", policy="P", id_tail="1")):
        with pytest.raises(SourceDown, match="too old"):
            await asking


async def test_a_drop_that_is_not_whole_changes_nothing(
    drop: DropSource, stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    loader = DropLoader(PolicyDrops(stores.database), clock=clock)
    later = clock.now() + timedelta(hours=1)
    with pytest.raises(DropRefused, match=r"policies\.csv has 1 rows, drop\.json says 3"):
        await loader.load(
            write_drop(tmp_path / "torn", later, lines={"policies": POLICIES[:2]}, counts={"policies": 3})
        )
    (write_drop(tmp_path / "lost", later) / "cases.csv").unlink()
    with pytest.raises(DropRefused, match=r"cases\.csv cannot be read"):
        await loader.load(tmp_path / "lost")
    with pytest.raises(DropRefused, match=r"drop\.json cannot be read"):
        await loader.load(tmp_path / "nowhere")
    assert len((await drop.book("H1")).policies) == 2


async def test_bad_rows_are_named_by_file_and_line_without_their_values(
    stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    lines = (*POLICIES, "H2,P20260004,,何文,有效,,,,,,", POLICIES[1], "H2,P20260005,安和,何文,有效,昨天,,,,,")
    loaded = await DropLoader(PolicyDrops(stores.database), clock=clock).load(
        write_drop(tmp_path / "drop", clock.now(), lines={"policies": lines})
    )
    assert loaded.rows == {"holders": 2, "policies": 3, "cases": 1}
    assert [line.split(": ")[:2] for line in loaded.bad] == [
        ["policies.csv:5", "product"],
        ["policies.csv:6", "number"],
        ["policies.csv:7", "start"],
    ]
    assert "昨天" not in "".join(loaded.bad)


async def test_only_a_newer_drop_is_loaded_and_the_older_one_leaves_no_row(
    drop: DropSource, stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    loader = DropLoader(PolicyDrops(stores.database), clock=clock)
    assert await loader.look(tmp_path / "nowhere") is None
    assert await loader.look(tmp_path / "drop") is None
    newer = write_drop(tmp_path / "new", clock.now() + timedelta(hours=1), lines={"policies": POLICIES[:2]})
    assert await loader.look(newer) is not None
    assert len((await drop.book("H1")).policies) == 1
    assert await stores.count("policy_drop") == 1
    assert await stores.count("dropped_policy") == 1


async def test_a_drop_that_died_half_loaded_is_cleared_away_by_the_next(
    stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    drops = PolicyDrops(stores.database)
    dead = await drops.begin(as_of=clock.now(), now=clock.now())
    holder = {"holder": "H1", "name": "林晓燕", "id_tail": "012345", "phone": ""}
    assert await drops.add(dead, "holders", [holder]) == 1
    assert await drops.holder("H1") is None
    await DropLoader(drops, clock=clock).load(write_drop(tmp_path / "drop", clock.now()))
    assert await stores.count("dropped_holder") == 2


# The service ---------------------------------------------------------------------------------------------------------


async def test_a_service_that_fails_once_is_asked_again_and_one_that_stays_down_is_down(
    rest: RestSource, service: tuple[PolicyService, TestServer]
) -> None:
    served, _ = service
    failures = [1]

    async def once() -> web.StreamResponse | None:
        return web.Response(status=503) if failures and failures.pop() else None

    served.trouble = once
    assert len((await rest.book("H1")).policies) == 2
    assert served.asked == 2

    async def always() -> web.StreamResponse | None:
        return web.Response(status=500)

    served.trouble = always
    with pytest.raises(SourceDown):
        await rest.book("H1")


@pytest.mark.parametrize("body", ["", "{}", '{"as_of": "gestern", "policies": []}', '{"as_of": "2026-05-04T09:00:00"}'])
async def test_an_answer_that_cannot_be_read_is_no_answer(
    rest: RestSource, service: tuple[PolicyService, TestServer], body: str
) -> None:
    async def nonsense() -> web.StreamResponse | None:
        return web.Response(text=body, content_type="application/json")

    service[0].trouble = nonsense
    with pytest.raises(SourceDown, match="cannot be read"):
        await rest.book("H1")


async def test_a_wrong_secret_and_an_address_where_nobody_listens_are_down(
    service: tuple[PolicyService, TestServer],
) -> None:
    _, server = service
    url = str(server.make_url(""))
    async with aiohttp.ClientSession() as http:
        with pytest.raises(SourceDown, match="HTTP 401"):
            await RestSource(http=http, url=url, secret=SecretStr("wrong")).book("H1")
        await server.close()
        with pytest.raises(SourceDown):
            await RestSource(http=http, url=url, secret=SecretStr(SECRET)).book("H1")
