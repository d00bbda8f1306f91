"""The words by which a customer turns advertising off and on again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from content.authored import Authored, Phrase

Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class OptIn(Authored):
    """A permission is given in so many words only: the whole message is one of these."""

    exact: Phrases


class OptOut(Authored):
    """A refusal counts wherever it stands in a message, however long that is.

    First `not_meant` is taken out. Then a refusal is: a `refusal` with a `topic` close behind it; or one of `contains`,
    unless the message also holds one of `other_matters`; or, without the `courtesy` around it, the whole message as one
    of `exact` or as a `refusal` of nothing but `messages`.
    """

    exact: Phrases
    contains: tuple[Phrase, ...] = ()
    #: How sending or receiving is refused; alone it says too little: "do not send it to the old address".
    refusals: tuple[Phrase, ...] = ()
    #: What is advertising.
    topics: tuple[Phrase, ...] = ()
    #: Between a refusal and a topic stand at most this many letters and digits.
    within: Annotated[int, Field(ge=0, le=40)] = 12
    #: What a refusal of everything names, if it names anything.
    messages: tuple[Phrase, ...] = ()
    courtesy: tuple[Phrase, ...] = ()
    #: Words that look like a refusal and are none.
    not_meant: tuple[Phrase, ...] = ()
    #: Words that show that `contains` is about something else.
    other_matters: tuple[Phrase, ...] = ()


class ConsentWords(Authored):
    """The words for marketing messages; `opt_in` is looked at first, so that 取消退订 does not turn them off."""

    opt_in: OptIn
    opt_out: OptOut
