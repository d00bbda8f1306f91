"""A call-back in the words of the content: its questions with their choices, and what is said around them."""

from __future__ import annotations

from content.callback import AGAIN, START, Callback, CallbackQuestion
from content.local_time import local
from content.masking import mask
from content.messages import Option
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import Outcome, Turn
from handlers.policies.wording import tail
from storage.callback_rounds import Round


class CallbackWording:
    """Makes replies."""

    def __init__(self, authored: Callback, phrasing: Phrasing) -> None:
        self._authored = authored
        self._texts = authored.texts
        self._phrasing = phrasing

    def opened(self, turn: Turn, found: Round, question: CallbackQuestion) -> Outcome:
        """Return the first words of a round, or of one that goes on, with the question that is to be answered."""
        text = self._texts.resumed if found.answers else self._texts.opening
        count = str(len(self._authored.questions))
        words = self._phrasing.words(turn, text, **_policy(found), **({} if found.answers else {"count": count}))
        return self.asked(turn, found, question, before=words)

    def asked(self, turn: Turn, found: Round, question: CallbackQuestion, *, before: str = "") -> Outcome:
        """Return a question with its choices, word for word; `before`: what is said above it."""
        number, count = self._authored.questions.index(question) + 1, len(self._authored.questions)
        place = self._phrasing.words(turn, self._texts.place, number=str(number), count=str(count))
        words = "\n".join(part for part in (before, place, question.text) if part)
        return Outcome(replies=(self._phrasing.told(turn, words, question.options(found.id)),))

    def again(self, turn: Turn, found: Round, question: CallbackQuestion) -> Outcome:
        """Return a question that is asked again."""
        return self.asked(turn, found, question, before=self._phrasing.words(turn, self._texts.again))

    def noted(self, turn: Turn) -> str:
        """Return that somebody will explain."""
        return self._phrasing.words(turn, self._texts.noted)

    def stands(self, turn: Turn, found: Round, question: CallbackQuestion) -> str:
        """Return that the first answer counts."""
        given = found.answer_of(question.id)
        label = "" if given is None else given.label
        return self._phrasing.words(turn, self._texts.stands, topic=question.topic, label=label)

    def closed(self, turn: Turn, found: Round) -> Outcome:
        """Return the last words of a round."""
        doubts = any(given.is_doubt for given in found.answers)
        return self.say(turn, self._texts.closing_doubt if doubts else self._texts.closing)

    def already_done(self, turn: Turn, found: Round) -> Outcome:
        """Return when a round was finished, with the choice of another one."""
        date = "" if found.ended_at is None else f"{local(found.ended_at):%Y-%m-%d}"
        again = Option(id=f"{AGAIN}{found.id}", label=self._authored.again_label)
        words = self._phrasing.words(turn, self._texts.already_done, **_policy(found), date=date)
        return Outcome(replies=(self._phrasing.told(turn, words, (again,)),))

    def words(self, turn: Turn, text: str) -> str:
        """Return a sentence to stand among others."""
        return self._phrasing.words(turn, text)

    def say(self, turn: Turn, text: str) -> Outcome:
        """Return a sentence that stands by itself."""
        return Outcome(replies=(self._phrasing.say(turn, text),))

    @property
    def start(self) -> Option:
        """The choice that begins a call-back."""
        return Option(id=START, label=self._authored.start_label)


def _policy(found: Round) -> dict[str, str]:
    return {"product": mask(found.product), "tail": tail(found.policy)}
