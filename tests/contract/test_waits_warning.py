"""A route that waits without declaring it is told of in the log, so that somebody declares `waits=True`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.turn import AccountInfo
from tests.fakes.clock import ManualClock
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores, open_stores


@pytest.fixture
async def open_desk(
    database_url: str, tmp_path: Path, stores: OpenStores, clock: ManualClock
) -> AsyncIterator[Callable[..., Desk]]:
    """Return what opens a web process whose route takes a second, and declares that it waits or does not."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    served = ServedAccount(
        row=rows["service"],
        info=AccountInfo(name="service", channel="wechat", title="服务号"),
        answers=Answers.PASSIVE,
        active_messages=True,
    )
    desks: list[Desk] = []

    def open_(*, waits: bool) -> Desk:
        own = open_stores(database_url, home=tmp_path)
        desks.append(Desk(own, clock, served, holder="web-1", sent={}, waits=waits))
        desks[-1].route.seconds = 1
        return desks[-1]

    yield open_
    for desk in desks:
        await desk.close()
        await desk.stores.close()


async def test_a_route_that_waits_undeclared_is_named_in_a_warning(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(waits=False)
    with capture_logs() as lines:
        attempt = await desk.push("你好")
        await desk.wait(2)

    assert [(line["action"], line["log_level"]) for line in lines] == [("not_at_once", "warning")]
    assert "route 'slow' waited for something; declare it with waits=True" in lines[0]["detail"]
    assert attempt.words == "答你好"


async def test_a_route_that_declares_its_waiting_is_not_warned_of(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(waits=True)
    with capture_logs() as lines:
        attempt = await desk.push("你好")
        await desk.wait(2)

    assert lines == []
    assert attempt.words == "答你好"
