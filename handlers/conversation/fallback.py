"""The last routes: words that nothing answers get an honest "I do not know", everything else gets silence."""

from __future__ import annotations

from content.texts import Texts
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NotHandled, Outcome, Turn


def has_words(turn: Turn) -> bool:
    """Tell whether anything was said, be it only a question mark."""
    return bool(turn.fragments)


def always(turn: Turn) -> bool:
    """Match every turn."""
    return True


class Fallback:
    """Never invents: says that it does not know, and where help is."""

    def __init__(self, texts: Texts, phrasing: Phrasing) -> None:
        self._customer = texts.fallback
        self._staff = texts.staff_fallback
        self._phrasing = phrasing

    async def unanswered(self, turn: Turn) -> Outcome | NotHandled:
        """Say that there is no answer."""
        text = self._staff if turn.with_staff else self._customer
        return Outcome(replies=(self._phrasing.say(turn, text),))

    async def quiet(self, turn: Turn) -> Outcome | NotHandled:
        """Take an event without behaviour as done: it is in the log, nothing goes back."""
        return Outcome()
