"""Following, leaving and scanning: the welcome by scene, and where the person came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from content.messages import Entered, Follow, MenuReply, Scan, TextReply, Unfollow
from content.scenes import Attribution, parse_scene
from content.welcome import Welcome, slot_values
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, Attributed, NotHandled, Outcome, Turn

#: WeCom docs, WeChat customer service: the code of an enter_session event counts for 20 s; a little for the way there.
_GREETING_WITHIN: Final = timedelta(seconds=18)


def is_follow(turn: Turn) -> bool:
    """Tell whether the person follows the account now."""
    return isinstance(turn.body, Follow)


def is_unfollow(turn: Turn) -> bool:
    """Tell whether the person leaves the account."""
    return isinstance(turn.body, Unfollow)


def is_scan(turn: Turn) -> bool:
    """Tell whether a follower scanned a code."""
    return isinstance(turn.body, Scan)


def is_customer_entering(turn: Turn) -> bool:
    """Tell whether a customer opened the chat."""
    return isinstance(turn.body, Entered) and not turn.with_staff


class Welcoming:
    """Welcomes customers and notes their source."""

    def __init__(self, welcome: Welcome, phrasing: Phrasing) -> None:
        self._welcome = welcome
        self._phrasing = phrasing

    async def follow(self, turn: Turn) -> Outcome | NotHandled:
        """Welcome by scene; its source is an effect."""
        if not isinstance(turn.body, Follow):
            return NOT_HANDLED
        source = parse_scene(turn.body.scene or "")
        outcome = self._phrasing.render(turn, self._welcome.on_follow(turn.body.scene), **slot_values(source))
        return replace(outcome, effects=(_attributed(source),) if source.scene else ())

    async def unfollow(self, turn: Turn) -> Outcome | NotHandled:
        """Say nothing: the person left, and nothing reaches them any more. That they left was noted on arrival."""
        return Outcome()

    async def scan(self, turn: Turn) -> Outcome | NotHandled:
        """Answer a follower's scan and note its source."""
        if not isinstance(turn.body, Scan):
            return NOT_HANDLED
        source = parse_scene(turn.body.scene)
        outcome = self._phrasing.render(turn, self._welcome.on_scan(turn.body.scene), **slot_values(source))
        return replace(outcome, effects=(_attributed(source),))

    async def enter(self, turn: Turn) -> Outcome | NotHandled:
        """Greet who opened the chat while the event's code counts, in the message that it carries; note the source."""
        if not isinstance(turn.body, Entered):
            return NOT_HANDLED
        source = parse_scene(turn.body.scene or "")
        effects = (_attributed(source),) if source.scene else ()
        late = turn.now - turn.last.sent_at > _GREETING_WITHIN
        if turn.body.code is None or late or self._welcome.enter is None:
            return Outcome(effects=effects)
        outcome = self._phrasing.render(turn, self._welcome.enter, **slot_values(source))
        coded = [
            replace(reply, content=replace(reply.content, code=turn.body.code))
            for reply in outcome.replies
            if isinstance(reply.content, TextReply | MenuReply)
        ]
        return Outcome(replies=tuple(coded), effects=effects)


def _attributed(source: Attribution) -> Attributed:
    return Attributed(scene=source.scene, campaign=source.campaign, agent=source.agent)
