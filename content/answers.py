"""What people ask about: ordered rules with the words that lead to each reply."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from content.authored import Authored, Identifier, Phrase
from content.patterns import compile_pattern
from content.wording import Wording


def _check_pattern(source: str) -> str:
    compile_pattern(source)
    return source


class Match(Authored):
    """Which messages a rule answers: those of `exact`, of `pattern`, or with the keywords of both `any` and `all`."""

    #: The whole message is one of these.
    exact: tuple[Phrase, ...] = ()
    #: The message holds at least one of these.
    any: tuple[Phrase, ...] = ()
    #: The message holds each of these.
    all: tuple[Phrase, ...] = ()
    #: A regular expression for the whole message as it was written; its named groups fill slots of the reply.
    pattern: Annotated[str, AfterValidator(_check_pattern)] | None = None


class Rule(Authored):
    """One answer. A rule that nothing matches is reached by an option or a menu key."""

    id: Identifier
    match: Match = Match()
    #: Ways to ask it in full; a message that is almost one of these gets the reply too.
    questions: tuple[Phrase, ...] = ()
    #: A message counts as almost a question only when it holds one of these; without any, always.
    needs: tuple[Phrase, ...] = ()
    #: How alike (share of common pairs of characters) a message and a question must be.
    similarity: Annotated[float, Field(ge=0.5, le=1)] = 0.75
    reply: Wording

    @model_validator(mode="after")
    def _needs_questions(self) -> Rule:
        if self.needs and not self.questions:
            raise ValueError("`needs` narrows `questions`, and there are none; add them or delete `needs`")
        return self


class Answers(Authored):
    """All answers. The order of the rules counts where several match."""

    #: In a file of one's own: whether the built-in rules follow; a rule of the same id takes the built-in one's place.
    builtin: Literal["keep", "drop"] = "keep"
    rules: tuple[Rule, ...]
