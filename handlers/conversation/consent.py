"""Turning advertising off and on in so many words; service answers go on either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from content.consent import Consent, ConsentState
from content.messages import Text
from content.normal_form import normalise
from content.tree import Content
from content.value import value
from handlers.conversation.answers import Answering
from handlers.conversation.opt_out import Refusal
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, ConsentChanged, Fragment, NotHandled, Outcome, Turn


@value
class _Chosen:
    """A fragment that makes a choice, and what else it says."""

    fragment: Fragment
    state: ConsentState
    rest: str = ""


class MarketingChoice:
    """Opt-out and opt-in of marketing. Each fragment is looked at by itself: a choice is never lost among others."""

    def __init__(self, content: Content, phrasing: Phrasing, *, answering: Answering) -> None:
        words = content.consent_words
        self._opt_in = frozenset(map(normalise, words.opt_in.exact))
        self._opt_out = Refusal(words.opt_out)
        self._texts = content.texts
        self._phrasing = phrasing
        self._answering = answering

    def matches(self, turn: Turn) -> bool:
        """Tell whether a customer's fragment makes a choice; staff are not customers."""
        return not turn.with_staff and any(self._choice(fragment) is not None for fragment in turn.fragments)

    async def handle(self, turn: Turn) -> Outcome | NotHandled:
        """Take the last choice down and confirm it; answer what else was asked in the same turn."""
        chosen = [choice for fragment in turn.fragments if (choice := self._choice(fragment)) is not None]
        if not chosen:
            return NOT_HANDLED
        fragment, state = chosen[-1].fragment, chosen[-1].state
        rest = await self._answer_rest(turn, {id(choice.fragment.message): choice.rest for choice in chosen})
        changed = ConsentChanged(
            consent=Consent.MARKETING,
            state=state,
            text_version=self._phrasing.version,
            evidence=fragment.message,
        )
        before = turn.standing.state(Consent.MARKETING)
        confirmation = self._phrasing.say(turn, self._confirmation(state, before=before))
        return Outcome(
            replies=(confirmation, *rest.replies),
            effects=() if state is before else (changed,),
        )

    def _choice(self, fragment: Fragment) -> _Chosen | None:
        if fragment.normal in self._opt_in:
            return _Chosen(fragment=fragment, state=ConsentState.GRANTED)
        rest = self._opt_out.rest_of(fragment.normal)
        return None if rest is None else _Chosen(fragment=fragment, state=ConsentState.WITHDRAWN, rest=rest)

    def _confirmation(self, state: ConsentState, *, before: ConsentState) -> str:
        if state is ConsentState.GRANTED:
            return self._texts.already_opted_in if before is state else self._texts.opted_in
        return self._texts.already_opted_out if before is state else self._texts.opted_out

    async def _answer_rest(self, turn: Turn, rests: Mapping[int, str]) -> Outcome:
        """Answer the fragments without a choice, and what those with one (`rests`, by message) say beside it."""
        others = []
        for message in turn.messages:
            rest = rests.get(id(message))
            if rest is None:
                others.append(message)
            elif rest:
                others.append(replace(message, body=Text(content=rest)))
        if not others:
            return Outcome()
        rest_turn = replace(turn, messages=tuple(others))
        if not self._answering.matches(rest_turn):
            return Outcome()
        answered = await self._answering.answer(rest_turn)
        return Outcome() if answered is NOT_HANDLED else answered
