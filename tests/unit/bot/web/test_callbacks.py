"""The callback page over a scripted reader and inbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import pytest
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from bot.channels.callback import Answer, Received
from bot.web.callbacks import CallbackPage
from bot.web.metrics import Meters
from content.messages import Inbound, Outgoing, TextReply
from handlers.conversation.inbox import Answered, Inbox
from tests.fakes.clock import ManualClock


class _Reader:
    """Takes every push, and answers with words that did or did not fit."""

    def __init__(self, *, truncated: bool) -> None:
        self._truncated = truncated

    def verify_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        return ""

    def read(self, query: Mapping[str, str], body: bytes, *, content_type: str, now: datetime) -> Received:
        return cast(Received, type("AnyPush", (), {"inbound": None}))

    def answer(self, received: Received, reply: Outgoing | None, *, now: datetime) -> Answer:
        return Answer(body=b"<xml/>", content_type="text/xml", truncated=self._truncated)


class _Inbox:
    """Has a reply at once."""

    async def receive(self, inbound: Inbound) -> Answered:
        return Answered(reply=TextReply(content="好"))


@pytest.mark.parametrize("truncated", [True, False])
async def test_a_passive_reply_that_was_cut_is_one_line_in_the_log(truncated: bool) -> None:
    page = CallbackPage(
        account="service",
        reader=_Reader(truncated=truncated),
        inbox=cast(Inbox, _Inbox()),
        clock=ManualClock(),
        meter=Meters().of_account("service"),
    )
    request: Any = make_mocked_request("POST", "/callback/service")
    with capture_logs() as lines:
        await page.receive(request)
    assert [line["action"] for line in lines] == ["message_truncated"] * truncated
