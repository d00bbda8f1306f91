"""Following, leaving and scanning: the welcome by scene, and where the person came from."""

from __future__ import annotations

from dataclasses import replace

from content.messages import Follow, Scan, Unfollow
from content.scenes import Attribution, parse_scene
from content.welcome import Welcome, slot_values
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, Attributed, NotHandled, Outcome, Turn


def is_follow(turn: Turn) -> bool:
    """Tell whether the person follows the account now."""
    return isinstance(turn.body, Follow)


def is_unfollow(turn: Turn) -> bool:
    """Tell whether the person leaves the account."""
    return isinstance(turn.body, Unfollow)


def is_scan(turn: Turn) -> bool:
    """Tell whether a follower scanned a code."""
    return isinstance(turn.body, Scan)


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


def _attributed(source: Attribution) -> Attributed:
    return Attributed(scene=source.scene, campaign=source.campaign, agent=source.agent)
