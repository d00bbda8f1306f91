""" "Why did I get this": what the last message was for and which act or consent it rests on, from the log."""

from __future__ import annotations

from typing import Final, Protocol

from content.consent import Consent, ConsentState
from content.local_time import local
from content.messages import Purpose
from content.normal_form import normalise
from content.tree import Content
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NotHandled, Outcome, Turn
from storage.received import Cause, Received

#: So much of a person's own words is repeated to them.
_MOST_WORDS: Final = 30


class Receipts(Protocol):
    """Where what a person received is looked up."""

    async def of(self, account: str, identity_id: int) -> Received | None:
        """Return the last message that reached a person on an account."""
        ...


class Why:
    """Explains the last message."""

    def __init__(self, content: Content, phrasing: Phrasing, receipts: Receipts) -> None:
        self._notice = content.notice
        self._phrasing = phrasing
        self._receipts = receipts
        self._words = frozenset(map(normalise, content.notice.why))

    def matches(self, turn: Turn) -> bool:
        """Tell whether a customer asks why they were written to."""
        return not turn.with_staff and turn.normal in self._words

    async def explain(self, turn: Turn) -> Outcome | NotHandled:
        """Say what the last message was, on what it rests, and how such messages are stopped. Raises StorageError."""
        last = await self._receipts.of(turn.account.name, turn.who.identity_id)
        if last is None:
            return Outcome(replies=(self._phrasing.say(turn, self._notice.why_nothing),))
        slots = {"at": f"{local(last.at):%m月%d日 %H:%M}", "version": last.content_version}
        standing = turn.standing.consents.get(Consent.MARKETING)
        if last.purpose == Purpose.MARKETING:
            if standing is None or standing.state is not ConsentState.GRANTED or standing.at > last.at:
                return Outcome(replies=(self._phrasing.say(turn, self._notice.why_no_consent, **slots),))
            slots["since"] = f"{local(standing.at):%Y-%m-%d}"
            return Outcome(replies=(self._phrasing.say(turn, self._notice.why_marketing, **slots),))
        if last.cause is None:
            return Outcome(replies=(self._phrasing.say(turn, self._notice.why_service, **slots),))
        slots["cause"] = self._named(last.cause)
        return Outcome(replies=(self._phrasing.say(turn, self._notice.why_answer, **slots),))

    def _named(self, cause: Cause) -> str:
        """Return the person's own words, shortened, or what their act is called."""
        words = (cause.fields or {}).get("content") or (cause.fields or {}).get("recognition")
        if isinstance(words, str) and words.strip():
            flat = " ".join(words.split())
            return flat if len(flat) <= _MOST_WORDS else flat[:_MOST_WORDS] + "…"
        return str(getattr(self._notice.acts, cause.kind, self._notice.acts.other))
