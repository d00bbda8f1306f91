"""Web processes that serve one official account over one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest

from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.turn import AccountInfo
from tests.fakes.clock import ManualClock
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores, open_stores


@pytest.fixture
async def open_desk(
    database_url: str, tmp_path: Path, stores: OpenStores, clock: ManualClock
) -> AsyncIterator[Callable[..., Desk]]:
    """Return what opens a web process; each has stores of its own, as processes have."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    desks: list[Desk] = []
    sent: dict[str, datetime] = {}

    def open_(*, holder: str = "web-1", answers: Answers = Answers.PASSIVE, active_messages: bool = True) -> Desk:
        served = ServedAccount(
            row=rows["service"],
            info=AccountInfo(name="service", channel="wechat", title="服务号"),
            answers=answers,
            active_messages=active_messages,
        )
        desks.append(Desk(open_stores(database_url, home=tmp_path), clock, served, holder=holder, sent=sent))
        return desks[-1]

    yield open_
    for desk in desks:
        await desk.close()
        await desk.stores.close()
