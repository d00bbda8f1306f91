"""Taps: on a button of the menu, or on an option of a question (also typed as its label or its number)."""

from __future__ import annotations

from content.messages import MenuClick, Option, Text
from content.normal_form import normalise
from content.tree import Content
from content.wording import Wording
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn


def authored_labels(content: Content) -> frozenset[str]:
    """Return the labels of every choice that any reply offers."""
    welcome = content.welcome
    wordings: list[Wording | None] = [
        *(rule.reply for rule in content.answers.rules),
        *content.menu.replies.values(),
        *(welcome.follow, welcome.scan, welcome.enter),
        *(wording for scene in welcome.scenes for wording in (scene.follow, scene.scan)),
    ]
    return frozenset(
        choice.label.strip() for wording in wordings if wording and wording.menu for choice in wording.menu.options
    )


def typed_option(turn: Turn) -> Option | None:
    """Return the offered option whose label or number (from 1) the whole turn is."""
    for number, option in enumerate(turn.standing.offered, start=1):
        if turn.normal in (str(number), normalise(option.label)):
            return option
    return None


class Choices:
    """Replies to whatever can be tapped."""

    def __init__(self, content: Content, phrasing: Phrasing) -> None:
        answers = {rule.id: rule.reply for rule in content.answers.rules}
        keys = content.menu.replies
        self._replies: dict[str, Wording] = {
            key: reply if reply.answer is None else answers[reply.answer] for key, reply in keys.items()
        }
        # An option names an answer first, so that a menu key of the same name does not hide it.
        person = {content.elder.person.id: Wording(text=content.elder.person_answer)}
        self._options: dict[str, Wording] = {**person, **self._replies, **answers}
        self._unknown = content.texts.choice_unknown
        self._unknown_to_staff = content.texts.staff_choice_unknown
        self._phrasing = phrasing

    def is_click(self, turn: Turn) -> bool:
        """Tell whether a menu button with a key was tapped."""
        return isinstance(turn.body, MenuClick)

    async def click(self, turn: Turn) -> Outcome | NotHandled:
        """Reply to a button; phones keep an old menu for a while, so an unknown key is answered too."""
        if not isinstance(turn.body, MenuClick):
            return NOT_HANDLED
        return self._reply(turn, self._replies.get(turn.body.key))

    def is_option(self, turn: Turn) -> bool:
        """Tell whether an option was tapped or typed."""
        return isinstance(turn.body, Text) and (turn.body.option is not None or typed_option(turn) is not None)

    async def option(self, turn: Turn) -> Outcome | NotHandled:
        """Reply to the option."""
        if not isinstance(turn.body, Text):
            return NOT_HANDLED
        tapped = turn.body.option
        if tapped is None:
            typed = typed_option(turn)
            tapped = typed.id if typed else ""
        return self._reply(turn, self._options.get(tapped))

    def _reply(self, turn: Turn, wording: Wording | None) -> Outcome:
        if wording is None:
            unknown = self._unknown_to_staff if turn.with_staff else self._unknown
            return Outcome(replies=(self._phrasing.say(turn, unknown),))
        return self._phrasing.render(turn, wording)
