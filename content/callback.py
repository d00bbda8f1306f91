"""The call-back after a sale (回访) as authored: its questions in order, the answers to each, the words around them.

The regulator wants the insurer to ask the policyholder, within the period of hesitation, whether they signed
themselves and know what is covered, what is paid, what a surrender costs and what is uncertain (`docs/callback.md`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field, field_validator, model_validator

from content.authored import Authored, Identifier, Phrase, Words
from content.lengths import TEXT_BYTES, question_bytes
from content.messages import Option

#: Before every id of a choice about a call-back; no authored answer or menu key begins so.
CALLBACK: Final = "callback."
#: The choice that begins one, or goes on with it.
START: Final = f"{CALLBACK}start"
#: Followed by the number of a finished round: the choice that begins another one of its policy.
AGAIN: Final = f"{CALLBACK}again."

Label = Annotated[str, Field(min_length=1, max_length=20)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]
#: Room for the place of the question and what is said before it, in bytes of UTF-8.
_ROOM: Final = 700


class Value(StrEnum):
    """What an answer says."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class Answer(Authored):
    """One answer to a question: what is tapped, and what else is read as it."""

    label: Label
    words: tuple[Phrase, ...] = ()


class Answers(Authored):
    """The three answers to a question, in the order in which they are shown."""

    yes: Answer
    no: Answer
    unclear: Answer

    def of(self, value: Value) -> Answer:
        """Return the one that says `value`."""
        answer: Answer = getattr(self, value.value)
        return answer


class SharedWords(Authored):
    """What is read as an answer to every question."""

    yes: tuple[Phrase, ...] = ()
    no: tuple[Phrase, ...] = ()
    unclear: tuple[Phrase, ...] = ()


class CallbackQuestion(Authored):
    """One question. Text and labels stand by themselves, without slots: they are kept with the answer word for word."""

    id: Identifier
    #: What staff call it.
    topic: Label
    text: Words
    answers: Answers
    #: Which answers need a person; 不清楚 always does.
    doubt: tuple[Value, ...] = (Value.UNCLEAR,)

    @field_validator("doubt", mode="before")
    @classmethod
    def _read_yes_and_no(cls, doubt: Any) -> Any:
        # Without quotes they are true and false to YAML.
        words = {True: Value.YES.value, False: Value.NO.value}
        if not isinstance(doubt, list | tuple):
            return doubt
        return [words[each] if isinstance(each, bool) else each for each in doubt]

    @field_validator("doubt")
    @classmethod
    def _has_unclear(cls, doubt: tuple[Value, ...]) -> tuple[Value, ...]:
        if Value.UNCLEAR not in doubt:
            raise ValueError("`unclear` always needs a person; add it")
        return doubt

    @model_validator(mode="after")
    def _fits(self) -> CallbackQuestion:
        choices = [(f"{CALLBACK}{'9' * 12}.{self.id}.{value}", self.answers.of(value).label) for value in Value]
        size = question_bytes(self.text, choices, "")
        if size > TEXT_BYTES - _ROOM:
            raise ValueError(
                f"the question has about {size} bytes of UTF-8 with its answers, {TEXT_BYTES - _ROOM} are allowed; "
                "shorten it"
            )
        return self

    def options(self, round_id: int) -> tuple[Option, ...]:
        """Return the choices of this question in a round."""
        return tuple(
            Option(id=f"{CALLBACK}{round_id}.{self.id}.{value}", label=self.answers.of(value).label) for value in Value
        )


_OF_A_POLICY: Final = frozenset({"product", "tail"})
#: Slots that a text may hold beside `{account}` and `{hotline}`.
CALLBACK_SLOTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "opening": _OF_A_POLICY | {"count"},
        "resumed": _OF_A_POLICY,
        "place": frozenset({"number", "count"}),
        "stands": frozenset({"topic", "label"}),
        "already_done": _OF_A_POLICY | {"date"},
    }
)


class CallbackTexts(Authored):
    """What the customer is told; `CALLBACK_SLOTS` says what is filled in."""

    opening: Words
    #: They come back to a round that they left.
    resumed: Words
    #: Before each question.
    place: Words
    #: Before a question that is asked again, once, because its answer was not understood.
    again: Words
    #: Not understood twice: it is put aside.
    put_aside: Words
    left: Words
    #: An answer raised doubt.
    noted: Words
    #: A question was answered already: the first answer counts.
    stands: Words
    closing: Words
    #: The same where an answer raised doubt.
    closing_doubt: Words
    nothing_due: Words
    already_done: Words
    #: The round that is answered is over.
    over: Words
    #: The questions have changed since it was begun.
    replaced: Words
    #: Under the list of one's policies.
    offer: Words


class Callback(Authored):
    """The whole file."""

    version: Version
    #: Whole messages that begin a call-back, and that leave it.
    start: Phrases
    leave: Phrases
    #: What the choices say that begin one, and one more of a policy.
    start_label: Label
    again_label: Label
    words: SharedWords = SharedWords()
    questions: Annotated[tuple[CallbackQuestion, ...], Field(min_length=1, max_length=20)]
    texts: CallbackTexts
    #: What the task is called that a doubtful answer makes, and within how many minutes somebody must look at it.
    task_title: Words
    task_minutes: Annotated[int, Field(ge=1, le=30 * 24 * 60)]

    @property
    def edition(self) -> str:
        """Version and a digest of the questions: other words are another edition even if nobody changed the version."""
        parts = [f"{question.id}\n{question.text}\n" for question in self.questions]
        parts += [answer.label for question in self.questions for _, answer in question.answers]
        return f"{self.version}+{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"

    def spoken(self, question: CallbackQuestion, value: Value) -> Iterator[str]:
        """Yield everything that is read as an answer to a question, as it was authored."""
        answer = question.answers.of(value)
        shared: tuple[str, ...] = getattr(self.words, value.value)
        yield from (answer.label, *answer.words, *shared)

    def labels(self) -> Iterator[str]:
        """Yield the labels of choices that are typed, too; those of answers are words of theirs, and need none."""
        yield from (self.start_label, self.again_label)
