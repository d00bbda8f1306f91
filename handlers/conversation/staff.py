"""The application chat of staff: help, whoami, and how an unknown member is bound."""

from __future__ import annotations

from typing import Final

from content.messages import Entered, Event, Follow, MenuClick, MenuView, Unfollow
from content.texts import Texts
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn

#: In their normal form. "?" has none, so it is not among them.
HELP_WORDS: Final = frozenset({"help", "帮助", "使用说明"})
WHOAMI_WORDS: Final = frozenset({"whoami", "我是谁"})
#: Keys of buttons in the application's menu that ask the same (docs/connecting-wecom.md).
HELP_KEY: Final = "help"
WHOAMI_KEY: Final = "whoami"


class StaffDesk:
    """What only staff are told."""

    def __init__(self, texts: Texts, phrasing: Phrasing) -> None:
        self._texts = texts
        self._roles: dict[str, str] = dict(texts.roles)
        self._phrasing = phrasing

    def is_follow(self, turn: Turn) -> bool:
        """Tell whether a member came into the application's scope."""
        return turn.with_staff and isinstance(turn.body, Follow)

    async def follow(self, turn: Turn) -> Outcome | NotHandled:
        """Welcome a member; one that is not bound learns how to be."""
        return self._greeting(turn)

    def is_unbound(self, turn: Turn) -> bool:
        """Tell whether somebody who is not bound says or taps something."""
        quiet = isinstance(turn.body, Entered | Event | MenuView | Unfollow)
        return turn.with_staff and turn.who.staff is None and not quiet

    async def unbound(self, turn: Turn) -> Outcome | NotHandled:
        """Say who they are to us, and how they are bound."""
        return Outcome(replies=(self._phrasing.say(turn, self._texts.staff_unbound, userid=turn.who.external_id),))

    def is_help(self, turn: Turn) -> bool:
        """Tell whether help is asked for."""
        return turn.with_staff and _asks(turn, HELP_WORDS, HELP_KEY)

    async def help(self, turn: Turn) -> Outcome | NotHandled:
        """Say what staff can do here."""
        return Outcome(replies=(self._phrasing.say(turn, self._texts.staff_help),))

    def is_whoami(self, turn: Turn) -> bool:
        """Tell whether the person asks who they are here."""
        return turn.with_staff and _asks(turn, WHOAMI_WORDS, WHOAMI_KEY)

    async def whoami(self, turn: Turn) -> Outcome | NotHandled:
        """Say name, userid, role and branch as they are bound."""
        staff = turn.who.staff
        if staff is None:
            return NOT_HANDLED
        reply = self._phrasing.say(
            turn,
            self._texts.staff_whoami,
            name=staff.name,
            userid=staff.userid,
            role=self._roles.get(staff.role, staff.role),
            branch=staff.branch or self._texts.staff_no_branch,
        )
        return Outcome(replies=(reply,))

    def _greeting(self, turn: Turn) -> Outcome:
        if turn.who.staff is None:
            reply = self._phrasing.say(turn, self._texts.staff_unbound, userid=turn.who.external_id)
        else:
            reply = self._phrasing.say(turn, self._texts.staff_welcome, name=turn.who.staff.name)
        return Outcome(replies=(reply,))


def _asks(turn: Turn, words: frozenset[str], key: str) -> bool:
    if isinstance(turn.body, MenuClick):
        return turn.body.key == key
    return any(fragment.normal in words for fragment in turn.fragments)
