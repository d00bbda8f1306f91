"""Why a message came: what it rests on, and nothing that the log and the consents do not show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from content.consent import Consent, ConsentState
from content.messages import Text, TextReply
from content.tree import Content
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, ConsentStanding, Standing
from handlers.conversation.why import Why
from storage.received import Cause, Received

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


class Receipts:
    """One message that was received, or none."""

    def __init__(self, received: Received | None) -> None:
        self._received = received

    async def of(self, account: str, identity_id: int) -> Received | None:
        return self._received


def received(purpose: str = "service", *, cause: Cause | None = None) -> Received:
    return Received(purpose=purpose, content_version="v7", at=AT, cause=cause)


def standing(state: ConsentState, at: datetime) -> Standing:
    return Standing(consents={Consent.MARKETING: ConsentStanding(state=state, text_version="v1", at=at)})


@pytest.fixture
def why(content: Content, turn_of: Callable[..., Any]) -> Callable[..., Any]:
    async def ask(last: Received | None, before: Standing | None = None) -> str:
        explained = Why(content, Phrasing(content), Receipts(last))
        turn = turn_of(Text(content="为什么收到？"), standing=before)
        assert explained.matches(turn)
        outcome = await explained.explain(turn)
        assert outcome is not NOT_HANDLED
        [reply] = outcome.replies
        assert isinstance(reply.content, TextReply)
        return reply.content.content

    return ask


@pytest.mark.parametrize(
    ("cause", "named"),
    [
        (Cause(kind="text", fields={"content": "保单\n怎么查 {hotline}"}), "「保单 怎么查 {hotline}」"),
        (Cause(kind="voice", fields={"recognition": "怎么交费"}), "「怎么交费」"),
        (Cause(kind="text", fields={"content": "长" * 40}), f"「{'长' * 30}…」"),
        (Cause(kind="follow", fields={}), "「关注」"),
        (Cause(kind="text", fields=None), "「最近的操作」"),
    ],
)
async def test_an_answer_names_what_it_answers(why: Any, cause: Cause, named: str) -> None:
    words = await why(received(cause=cause))
    assert named in words
    assert "属于服务消息" in words
    assert "v7" in words


async def test_marketing_rests_on_the_consent_that_is_older_than_it(why: Any) -> None:
    words = await why(received("marketing"), standing(ConsentState.GRANTED, AT - timedelta(days=2)))
    assert "您在 2026-02-28 同意接收" in words


@pytest.mark.parametrize(
    "before",
    [
        Standing(),
        standing(ConsentState.WITHDRAWN, AT - timedelta(days=2)),
        standing(ConsentState.ASKED, AT - timedelta(days=2)),
        standing(ConsentState.GRANTED, AT + timedelta(hours=1)),
    ],
)
async def test_no_consent_is_claimed_that_is_not_on_record(why: Any, before: Standing) -> None:
    words = await why(received("marketing"), before)
    assert "没有您在那之前同意接收的记录" in words
    assert "退订" in words


async def test_what_answers_nothing_is_a_service_message_and_nothing_is_nothing(why: Any) -> None:
    assert "服务消息" in await why(received())
    assert "还没有给您发过消息" in await why(None)
