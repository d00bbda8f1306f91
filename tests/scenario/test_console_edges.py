"""What surrounds every page of the console: headers, static files, addresses that do not exist, things that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from bot.web.console.guard import CONTENT_SECURITY_POLICY
from bot.web.console.pages import Page
from bot.web.console.visit import Visit
from content.rights import Permission
from storage.errors import DatabaseUnreachable
from tests.browser.console.desk import Desk, open_desk
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores


async def _fails(_visit: Visit) -> web.StreamResponse:
    raise ValueError("the password is hunter2")


async def _cannot_read(_visit: Visit) -> web.StreamResponse:
    raise DatabaseUnreachable("postgresql at db.internal is away")


async def _lead_to_wecom(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=303, headers={"Location": "/elsewhere"})


_BROKEN = tuple(
    Page(path=path, permission=Permission.CUSTOMERS_READ, handler=handler, title="customers.title")
    for path, handler in (("/fails", _fails), ("/cannot-read", _cannot_read))
)


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(
            stores,
            clock=clock,
            home=tmp_path,
            stack=stack,
            pages=_BROKEN,
            wecom_start=_lead_to_wecom,
            wecom_return=_lead_to_wecom,
        )


async def test_every_answer_carries_the_headers_whatever_became_of_it(desk: Desk) -> None:
    clerk, stranger = await desk.clerk("wu"), await desk.browser()
    pages = ["/console", "/console/customers", "/console/audit", "/console/nothing", "/console/fails", "/console/wecom"]
    answers = [await clerk.get(path) for path in pages]
    answers += [
        await stranger.get("/console/sign-in"),
        await stranger.get("/console"),
        await clerk.post("/console/x", {}),
    ]

    for answer in answers:
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "//" not in CONTENT_SECURITY_POLICY


async def test_an_unexpected_error_tells_no_details(desk: Desk) -> None:
    answer = await (await desk.clerk("zhang")).get("/console/fails")

    assert answer.status == 500
    assert "出错了" in answer.text
    assert "hunter2" not in answer.text
    assert "ValueError" not in answer.text


async def test_a_database_that_is_away_is_said_to_be_away(desk: Desk) -> None:
    answer = await (await desk.clerk("zhang")).get("/console/cannot-read")

    assert answer.status == 503
    assert "db.internal" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/customers/999999",
        "/customers/0",
        "/customers/-1",
        "/customers/1e3",
        "/customers/１",
        "/customers/99999999999999999999",
        "/customers/x/timeline",
        "/customers/",
        "/static/",
        "/static/nothing.css",
    ],
)
async def test_what_does_not_exist_is_a_page_that_says_so(desk: Desk, path: str) -> None:
    answer = await (await desk.clerk("wu")).get(f"/console{path}")

    assert answer.status == 404
    assert "没有找到" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/customers?before=x",
        "/customers?before=-1",
        "/customers?before=9999999999999999999",
        "/audit?number=1;drop",
        "/audit?before=%00",
        "/audit?subject=everything",
    ],
)
async def test_an_address_that_makes_no_sense_is_refused(desk: Desk, path: str) -> None:
    answer = await (await desk.clerk("wu")).get(f"/console{path}")

    assert answer.status == 400
    assert "地址或内容有误" in answer.text


@pytest.mark.parametrize(
    "place", ["x", "1", "1:2", "1:2:", ":1:2", "1:2:3:4", "1:2:x", "-1:1:1", "9999999999999999999:1:1"]
)
async def test_a_place_in_the_timeline_that_is_none_is_refused(desk: Desk, place: str) -> None:
    customer = desk.firm.customers["z1"]
    clerk = await desk.clerk("zhang")

    assert (await clerk.get(f"/console/customers/{customer}/timeline?before={place}")).status == 400


async def test_what_can_only_be_read_cannot_be_written(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")
    answer = await clerk.post("/console/customers", {"csrf": await clerk.token("/console/customers")})

    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/../guard.py",
        "/console/static/..%2fguard.py",
        "/console/static/%2e%2e/guard.py",
        "/console/static/..%5cguard.py",
        "/console/static/vendor/../../guard.py",
        "/console/static//etc/passwd",
        "/console/static/%2fetc%2fpasswd",
        "/console/static/console.css%00.py",
        "/console/static/vendor/README.md",
    ],
)
async def test_no_path_leads_out_of_the_static_files(desk: Desk, path: str) -> None:
    """Sent as it stands: a client would tidy the path up before it leaves."""
    host, _, port = desk.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()

    assert answer.split(" ")[1] in ("404", "400", "303")
    assert "import" not in answer
    assert "root:" not in answer


async def test_static_files_are_kept_by_the_browser_until_they_change(desk: Desk) -> None:
    clerk = await desk.browser()
    page = (await clerk.get("/console/sign-in")).text
    address = next(part for part in page.split('"') if part.startswith("/console/static/console.css?v="))
    current, outdated = await clerk.get(address), await clerk.get("/console/static/console.css?v=old")

    assert (current.status, current.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in current.headers["Cache-Control"]
    assert outdated.headers["Cache-Control"] == "no-cache"


async def test_a_broken_form_is_refused(desk: Desk) -> None:
    clerk = await desk.browser()
    async with clerk.http.post(
        "/console/sign-in",
        data=b"userid=%ff&password=\xff",
        headers={"Origin": desk.base, "Content-Type": "application/x-www-form-urlencoded; charset=no-such"},
    ) as response:
        assert response.status == 400
    async with clerk.http.post(
        "/console/sign-in", data=b"x", headers={"Origin": desk.base, "Content-Type": "multipart/form-data"}
    ) as response:
        assert response.status == 400
    assert (await clerk.sign_in("zh\0ang", "x")).status == 401


async def test_the_button_for_wecom_leads_to_its_handler_and_remembers_where_to_go(desk: Desk) -> None:
    clerk = await desk.browser()
    page = (await clerk.get("/console/sign-in?next=/console/audit")).text

    assert 'href="/console/wecom?next=%2Fconsole%2Faudit"' in page
    assert (await clerk.get("/console/wecom")).headers["Location"] == "/elsewhere"
    assert (await clerk.get("/console/wecom/return")).headers["Location"] == "/elsewhere"
    assert "还没有登记为员工" in (await clerk.get("/console/sign-in?problem=wecom_unbound")).text
    assert (await clerk.get("/console/sign-in?problem=userid")).status == 200
