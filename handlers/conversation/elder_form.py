"""The form that messages take for the elderly: at most `MOST` characters, a person first, the rest on demand.

One message a reply: what does not fit stands in the message itself, unseen (`MenuReply.rest`), and follows piece by
piece when the customer asks for more. So nothing is lost, and no window of five replies is used up by one answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from content.callback import CALLBACK
from content.elder import MORE, MOST, characters
from content.messages import MenuReply, Option, Outgoing, TextReply
from content.tree import Content
from handlers.conversation.short_sentences import split

#: A label that is longer is cut: beside it must be room for a person and for more.
_LONGEST_LABEL: Final = 40


class ElderForm:
    """Shortens what goes out to customers."""

    def __init__(self, content: Content) -> None:
        elder = content.elder
        self._shorts = content.shorts
        self._person = Option(id=elder.person.id, label=elder.person.label)
        self._more = elder.more
        self._choose = elder.choose

    def short_of(self, sentence: str) -> str:
        """Return the authored short form of a sentence, with its slots; "" when there is none."""
        return self._shorts.get(sentence, "")

    def of(self, content: Outgoing, *, short: str = "") -> Outgoing:
        """Return the message in its short form. `short`: what is said first where the whole does not fit.

        The words of staff, cards and pictures stay as they are; so does what has the form already.
        """
        match content:
            case TextReply(by=None):
                made = self._first(content.content, (), short)
            case MenuReply() if not self._is_made(content):
                words = "\n".join(part for part in (content.head, content.tail) if part)
                made = self._first(words, content.options, short)
            case _:
                return content
        return replace(made, code=content.code)

    def _is_made(self, content: MenuReply) -> bool:
        """Tell whether a menu has the form: a person stands first, and it is short or the rest stands behind."""
        if content.options[:1] != (self._person,):
            return False
        has_rest = content.rest is not None or content.rest_options is not None
        return has_rest or self._fits(content.head + content.tail, content.options[1:])

    def page(self, words: str, options: Sequence[Option] = ()) -> MenuReply:
        """Return the next piece of the words; behind the last piece the choices."""
        if not words:
            return self._choices(self._choose, options)
        if self._fits(words, options):
            return MenuReply(head=words, options=(self._person, *options))
        room = MOST - characters(self._person.label, self._more)
        piece, rest = split(words, room)
        if not rest:
            return self._choices(piece, options)
        return self._with_more(piece, (), rest, options)

    def _first(self, words: str, options: Sequence[Option], short: str) -> MenuReply:
        others = tuple(_named(option) for option in options if option.id != self._person.id)
        if self._fits(words, others) or not short:
            return self.page(words, others)
        if self._fits(short, others, more=True):
            return self._with_more(short, others, words, ())
        if self._fits(short, (), more=True):
            return self._with_more(short, (), words, others)
        return self.page(words, others)

    def _choices(self, head: str, options: Sequence[Option]) -> MenuReply:
        """Return `head` with as many of the choices as there is room for."""
        if self._fits(head, options):
            return MenuReply(head=head, options=(self._person, *options))
        if head != self._choose and any(option.id.startswith(CALLBACK) for option in options):
            # Nobody is to see the one answer to a question of a call-back without the others.
            return self._with_more(head, (), "", options)
        count = len(options)
        while count and not self._fits(head, options[:count], more=True):
            count -= 1
        return self._with_more(head, options[:count], "", options[count:])

    def _with_more(self, head: str, options: Sequence[Option], rest: str, rest_options: Sequence[Option]) -> MenuReply:
        more = Option(id=more_id(rest, rest_options), label=self._more)
        return MenuReply(
            head=head,
            options=(self._person, *options, more),
            rest=rest,
            rest_options=tuple(rest_options) or None,
        )

    def _fits(self, head: str, options: Sequence[Option], *, more: bool = False) -> bool:
        labels = [option.label for option in options]
        return characters(head, self._person.label, *labels, self._more if more else "") <= MOST


def more_id(rest: str, rest_options: Sequence[Option]) -> str:
    """Return the id of the choice that brings a rest: it names these words, whichever message they stand in."""
    said = "\n".join([rest, *(option.id for option in rest_options)])
    return f"{MORE}.{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _named(option: Option) -> Option:
    if len(option.label) <= _LONGEST_LABEL:
        return option
    return replace(option, label=option.label[: _LONGEST_LABEL - 1] + "…")
