"""What a customer's message is to a call-back: an answer by tap or by words, a wish to leave, or neither."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from content.callback import AGAIN, CALLBACK, START, Callback, CallbackQuestion, Value
from content.normal_form import normalise
from content.value import value
from handlers.conversation.elder import chosen_id
from handlers.conversation.turn import Turn

_TAP: Final = re.compile(rf"{re.escape(CALLBACK)}([0-9]{{1,18}})\.([A-Za-z0-9_-]{{1,64}})\.(yes|no|unclear)")


@value
class Tap:
    """A choice that answers a question of a round."""

    round_id: int
    question: str
    value: Value


class Hearing:
    """Reads messages by the authored words, compiled once."""

    def __init__(self, authored: Callback) -> None:
        self._start = frozenset(map(normalise, authored.start))
        self._leave = frozenset(map(normalise, authored.leave))
        self._words = {
            question.id: {normalise(phrase): value for value in Value for phrase in authored.spoken(question, value)}
            for question in authored.questions
        }
        self._known = frozenset().union(*self._words.values())
        read = Counter(words for spoken in self._words.values() for words in spoken)
        self._shared = frozenset(words for words, questions in read.items() if questions > 1)

    def wish(self, turn: Turn) -> str | None:
        """Return the choice that begins a call-back or one more of a policy; None when it is not asked for."""
        tapped = chosen_id(turn)
        if tapped == START or tapped.startswith(AGAIN):
            return tapped
        return START if turn.normal in self._start else None

    def tap(self, turn: Turn) -> Tap | None:
        """Return the answer that was tapped, or typed as the number of a choice."""
        found = _TAP.fullmatch(chosen_id(turn))
        return Tap(round_id=int(found[1]), question=found[2], value=Value(found[3])) if found else None

    def is_leave(self, turn: Turn) -> bool:
        """Tell whether a message leaves the call-back."""
        return turn.normal in self._leave

    def may_be_answer(self, turn: Turn) -> bool:
        """Tell whether every message of a turn is an answer to some question, or it leaves."""
        said = [fragment.normal for fragment in turn.fragments]
        return self.is_leave(turn) or (bool(said) and self._known.issuperset(said))

    def is_own(self, turn: Turn) -> bool:
        """Tell whether every message answers one question alone: whatever was said before, it is about that one."""
        said = [fragment.normal for fragment in turn.fragments]
        return bool(said) and self._known.issuperset(said) and self._shared.isdisjoint(said)

    def answer(self, turn: Turn, question: CallbackQuestion) -> Value | None:
        """Return what the words of a turn answer to a question; None when they say nothing, or two things.

        Messages that joined were all said before the next question was seen: they are about this one.
        """
        said = {self._words[question.id].get(fragment.normal) for fragment in turn.fragments}
        return said.pop() if len(said) == 1 else None


def again_of(wish: str) -> int | None:
    """Return the finished round of which one more is wished for."""
    number = wish.removeprefix(AGAIN)
    return int(number) if wish.startswith(AGAIN) and number.isdecimal() and len(number) <= 18 else None
