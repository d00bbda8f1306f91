"""Signals in what customers say that need a person: complaint, surrender, distress. Words, deadlines and examples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, model_validator

from content.authored import Authored, Identifier, Phrase, Words
from content.normal_form import normalise

_NEVER: Final = re.compile(r"(?!)")
#: Stands where words were taken out, so that their neighbours do not become one phrase; no normal form holds it.
_GAP: Final = "\n"


class Signal(Authored):
    """One cause for a task: a message that holds one of `any`, after `not_meant` was taken out of it.

    Its examples run when the file is loaded: each of `yes` must be found, none of `no` may be.
    """

    id: Identifier
    #: What the task is called.
    title: Words
    #: Within so many minutes somebody must have looked at it.
    due_minutes: Annotated[int, Field(ge=1, le=30 * 24 * 60)]
    any: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    not_meant: tuple[Phrase, ...] = ()
    yes: Annotated[tuple[str, ...], Field(min_length=3)]
    no: Annotated[tuple[str, ...], Field(min_length=3)]

    def found_in(self, text: str) -> str | None:
        """Return the phrase, in its normal form, that shows the signal in a message; None when nothing does."""
        found = _one_of(self.any).search(_one_of(self.not_meant).sub(_GAP, normalise(text)))
        return found[0] if found else None

    @model_validator(mode="after")
    def _does_what_its_examples_say(self) -> Signal:
        for example in self.yes:
            if self.found_in(example) is None:
                raise ValueError(f"the signal {self.id} is not found in its example {example!r}; add words to `any`")
        for example in self.no:
            if (words := self.found_in(example)) is not None:
                raise ValueError(
                    f"the signal {self.id} finds {words!r} in {example!r}, where it must not; add to `not_meant`"
                )
        return self


_OF_A_TASK: Final = frozenset({"id", "title", "customer", "due"})
#: What may stand in each text.
TASK_SLOTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "given": _OF_A_TASK,
        "escalated": _OF_A_TASK | {"from"},
        "leaver_title": frozenset(),
        "leaver": frozenset({"name", "count", "due"}),
        "handed_over": frozenset(),
        "new_agent": frozenset({"left", "owner", "account", "hotline"}),
        "none": frozenset(),
        "head": frozenset({"count"}),
        "line": _OF_A_TASK,
        "overdue": _OF_A_TASK,
        "foot": frozenset(),
        "done": frozenset({"id"}),
        "not_there": frozenset({"id"}),
    }
)


class TaskTexts(Authored):
    """What staff are told of tasks; `TASK_SLOTS` says what is filled in."""

    #: A task is given to somebody.
    given: Words
    #: A task was not done in time and comes to the supervisor; also `{from}`.
    escalated: Words
    #: Somebody has left: what a task of one of their customers is called, what the supervisor is told of all of them,
    #: what came of it when the customer has an owner again.
    leaver_title: Words
    leaver: Words
    handed_over: Words
    #: What that customer is told: `{left}`, `{owner}`, `{account}`, `{hotline}`. Younger than an insurer's file may be.
    new_agent: Words = (
        "您好，原来为您服务的{left}已离职，今后由{owner}为您服务。您的保单和各项权益不变。\n"
        "保单查询、理赔、续期等服务照常：可在这里直接提问，或拨打{hotline}。"
    )
    none: Words
    head: Words
    line: Words
    overdue: Words
    foot: Words
    done: Words
    not_there: Words


class Tasks(Authored):
    """The signals in the order in which they are looked for, and the words around tasks."""

    signals: tuple[Signal, ...]
    texts: TaskTexts


@lru_cache(maxsize=256)
def _one_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    words = sorted(map(normalise, phrases), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words))) if words else _NEVER
