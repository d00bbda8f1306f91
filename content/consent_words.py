"""The words by which a customer turns advertising off and on again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from content.authored import Authored, Phrase


class ChoiceWords(Authored):
    """The words of one choice."""

    #: The whole message is one of these.
    exact: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    #: A short message holds one of these.
    contains: tuple[Phrase, ...] = ()


class ConsentWords(Authored):
    """The words for marketing messages; `opt_in` is looked at first, so that 取消退订 does not turn them off."""

    opt_in: ChoiceWords
    opt_out: ChoiceWords
    #: `contains` looks only at messages of at most this many letters and digits.
    short_message: Annotated[int, Field(ge=4, le=100)] = 24
