"""Turning advertising off and on in so many words; service answers go on either way."""

from __future__ import annotations

from dataclasses import replace

from content.consent import Consent, ConsentState
from content.consent_words import ChoiceWords
from content.normal_form import normalise
from content.tree import Content
from handlers.conversation.answers import Answering
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, ConsentChanged, Fragment, NotHandled, Outcome, Turn


class _Words:
    """The words of one choice, compiled."""

    def __init__(self, words: ChoiceWords, short_message: int) -> None:
        self._exact = frozenset(map(normalise, words.exact))
        self._contains = tuple(map(normalise, words.contains))
        self._short_message = short_message

    def are_in(self, normal: str) -> bool:
        """Tell whether a message, in its normal form, makes the choice."""
        if normal in self._exact:
            return True
        return len(normal) <= self._short_message and any(phrase in normal for phrase in self._contains)


class MarketingChoice:
    """Opt-out and opt-in of marketing. Each fragment is looked at by itself: a choice is never lost among others."""

    def __init__(self, content: Content, phrasing: Phrasing, *, answering: Answering) -> None:
        words = content.consent_words
        self._opt_in = _Words(words.opt_in, words.short_message)
        self._opt_out = _Words(words.opt_out, words.short_message)
        self._texts = content.texts
        self._phrasing = phrasing
        self._answering = answering

    def matches(self, turn: Turn) -> bool:
        """Tell whether a customer's fragment makes a choice; staff are not customers."""
        return not turn.with_staff and any(self._choice(fragment) is not None for fragment in turn.fragments)

    async def handle(self, turn: Turn) -> Outcome | NotHandled:
        """Take the last choice down and confirm it; answer what else was asked in the same turn."""
        chosen = [(fragment, state) for fragment in turn.fragments if (state := self._choice(fragment)) is not None]
        if not chosen:
            return NOT_HANDLED
        fragment, state = chosen[-1]
        rest = await self._answer_rest(turn, {id(choice.message) for choice, _ in chosen})
        changed = ConsentChanged(
            consent=Consent.MARKETING,
            state=state,
            text_version=self._phrasing.version,
            evidence=fragment.message.key,
        )
        confirmation = self._phrasing.say(turn, self._confirmation(state, before=turn.standing.marketing))
        return Outcome(
            replies=(confirmation, *rest.replies),
            effects=() if state is turn.standing.marketing else (changed,),
        )

    def _choice(self, fragment: Fragment) -> ConsentState | None:
        if self._opt_in.are_in(fragment.normal):
            return ConsentState.GRANTED
        if self._opt_out.are_in(fragment.normal):
            return ConsentState.WITHDRAWN
        return None

    def _confirmation(self, state: ConsentState, *, before: ConsentState) -> str:
        if state is ConsentState.GRANTED:
            return self._texts.already_opted_in if before is state else self._texts.opted_in
        return self._texts.already_opted_out if before is state else self._texts.opted_out

    async def _answer_rest(self, turn: Turn, chosen: set[int]) -> Outcome:
        others = tuple(message for message in turn.messages if id(message) not in chosen)
        if not others:
            return Outcome()
        rest = replace(turn, messages=others)
        if not self._answering.matches(rest):
            return Outcome()
        answered = await self._answering.answer(rest)
        return Outcome() if answered is NOT_HANDLED else answered
