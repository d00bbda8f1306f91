"""A desk over the built-in content: give it what a person sends, get the route, the replies and the effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from content.loader import load_content
from content.messages import Inbound, InboundBody, Outgoing, TextReply
from content.tree import Content
from handlers.conversation.routes import build_routes
from handlers.conversation.routing import Route, first_match
from handlers.conversation.turn import AccountInfo, Customer, Effect, Outcome, Staff, Standing, Turn

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOTLINE = "95500"
TITLES = {"wechat": "安和人寿（演示）", "wecom": "知客助手", "kf": "安和客服"}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What became of a turn."""

    route: str
    outcome: Outcome

    @property
    def contents(self) -> list[Outgoing]:
        return [reply.content for reply in self.outcome.replies]

    @property
    def texts(self) -> list[str]:
        return [content.content for content in self.contents if isinstance(content, TextReply)]

    @property
    def effects(self) -> tuple[Effect, ...]:
        return self.outcome.effects


def make_turn(
    *bodies: InboundBody,
    channel: str = "wechat",
    staff: Staff | None = None,
    standing: Standing | None = None,
    hotline: str = HOTLINE,
) -> Turn:
    who = Customer(customer_id=1, identity_id=1, realm="wx1", external_id="lisi", staff=staff)
    messages = tuple(
        Inbound(account="a", sender="lisi", key=f"m:{n}", sent_at=NOON, body=body) for n, body in enumerate(bodies)
    )
    account = AccountInfo(name="a", channel=channel, title=TITLES[channel], hotline=hotline)
    return Turn(account=account, who=who, messages=messages, now=NOON, standing=standing or Standing())


class Desk:
    """The routes, asked as the holder of a conversation asks them."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.routes: tuple[Route, ...] = build_routes(content)

    async def hears(
        self,
        *bodies: InboundBody,
        channel: str = "wechat",
        staff: Staff | None = None,
        standing: Standing | None = None,
    ) -> Heard:
        turn = make_turn(*bodies, channel=channel, staff=staff, standing=standing)
        answered = await first_match(self.routes, turn)
        return Heard(route=answered.route, outcome=answered.outcome)


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(None)


@pytest.fixture
def desk(content: Content) -> Desk:
    return Desk(content)


@pytest.fixture
def turn_of() -> Callable[..., Turn]:
    return make_turn


@pytest.fixture
def desk_with(tmp_path: Path) -> Callable[..., Desk]:
    """Build a desk over files of one's own, given by name, in place of or before the built-in ones."""

    def build(**files: str) -> Desk:
        (tmp_path / "content").mkdir()
        for name, text in files.items():
            (tmp_path / "content" / f"{name}.yaml").write_text(text, encoding="utf-8")
        return Desk(load_content(tmp_path))

    return build
