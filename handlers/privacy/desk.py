"""What customers say about their own data: export it, correct it, delete it in two steps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from content.messages import MenuReply, Outgoing, TextReply, decode_outgoing
from content.normal_form import normalise
from content.retention import Retention
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NotHandled, Outcome, Turn
from handlers.privacy.own_data import OwnData
from handlers.privacy.wishes import Wishes
from storage.callback_keeping import CallbackKeeping
from storage.erasures import Erasures
from storage.history import History

#: The question may stand before others that were asked behind it, as the notice at a first chat.
_LATELY: Final = 3
#: For the elderly the pieces of its whole text follow it.
_LATELY_IN_PIECES: Final = 30


class PrivacyDesk:
    """Its routes look into the database, so they are declared as waiting, but for the correction's."""

    def __init__(
        self,
        retention: Retention,
        phrasing: Phrasing,
        *,
        wishes: Wishes,
        erasures: Erasures,
        callbacks: CallbackKeeping,
        own_data: OwnData,
        history: History,
        erase_days: float,
    ) -> None:
        self._retention = retention
        self._phrasing = phrasing
        self._texts = retention.texts
        self._export = _normal(retention.phrases.export)
        self._erase = _normal(retention.phrases.erase)
        self._confirm = _normal(retention.phrases.confirm)
        self._correct = tuple(_normal(retention.phrases.correct))
        self._wishes = wishes
        self._erasures = erasures
        self._callbacks = callbacks
        self._own_data = own_data
        self._history = history
        self._days = f"{erase_days:g}"
        parts = re.split(r"\{\w+\}", retention.texts.erase_ask)
        self._asked = re.compile(".*".join(re.escape(_solid(part)) for part in parts), re.DOTALL)

    def is_export(self, turn: Turn) -> bool:
        """Tell whether a customer wants their data."""
        return _says(turn, self._export)

    async def export(self, turn: Turn) -> Outcome | NotHandled:
        """Give a link, where the bot has an address of its own."""
        url = await self._own_data.link(turn.who.customer_id)
        if url is None:
            return Outcome(replies=(self._phrasing.say(turn, self._texts.export_unavailable),))
        hours = f"{self._own_data.hours:g}"
        return Outcome(replies=(self._phrasing.say(turn, self._texts.export_link, url=url, hours=hours),))

    def is_erase(self, turn: Turn) -> bool:
        """Tell whether a customer wants to be forgotten."""
        return _says(turn, self._erase)

    async def ask(self, turn: Turn) -> Outcome | NotHandled:
        """Say what happens and what stays, and how to confirm; nothing happens yet."""
        causes = await self._erasures.causes(turn.who.customer_id)
        keeping = self._retention.keeping(causes, now=turn.now)
        said = [] if keeping is None else [f"{keeping.reason}（至 {keeping.until:%Y-%m-%d}）"]
        law = self._retention.callbacks
        if law.keep_years and await self._callbacks.of_customer(turn.who.customer_id):
            said.append(f"{law.reason}（{law.keep_years} 年）")
        kept = "；".join(said) or self._texts.kept_nothing
        return Outcome(replies=(self._phrasing.say(turn, self._texts.erase_ask, days=self._days, kept=kept),))

    def is_confirm(self, turn: Turn) -> bool:
        """Tell whether a customer says the second word."""
        return _says(turn, self._confirm)

    async def confirm(self, turn: Turn) -> Outcome | NotHandled:
        """Take the wish down, if the question was asked just before."""
        if not await self._was_asked(turn):
            return Outcome(replies=(self._phrasing.say(turn, self._texts.erase_not_asked),))
        await self._wishes.erase_own(turn.who.customer_id)
        return Outcome(replies=(self._phrasing.say(turn, self._texts.erase_taken, days=self._days),))

    def is_correct(self, turn: Turn) -> bool:
        """Tell whether a customer wants something corrected; the signal of that name opens the task."""
        return not turn.with_staff and any(
            fragment.normal.startswith(words) for fragment in turn.fragments for words in self._correct
        )

    async def correct(self, turn: Turn) -> Outcome | NotHandled:
        """Say that somebody looks into it."""
        return Outcome(replies=(self._phrasing.say(turn, self._texts.correct_taken),))

    async def _was_asked(self, turn: Turn) -> bool:
        """Tell whether the question was among the last things said to them here, or their wish is taken down already.

        A turn may be made anew, after a kill or because a fragment joined.
        """
        if await self._erasures.is_asked(turn.who.customer_id):
            return True
        limit = _LATELY_IN_PIECES if turn.standing.elder else _LATELY
        lately = await self._history.said_lately(turn.account.name, turn.who.identity_id, limit=limit)
        return any(self._is_question(decode_outgoing(said.kind, said.fields)) for said in lately)

    def _is_question(self, content: Outgoing) -> bool:
        """Tell whether it is the question: whole, in its short form with the whole behind it, or its first piece.

        Where it was cut, blanks and line breaks are gone.
        """
        match content:
            case TextReply(content=words):
                said = [words]
            case MenuReply(head=head, rest=rest):
                said = [head, rest or "", head + (rest or "")]
            case _:
                said = []
        return any(self._asked.fullmatch(_solid(words)) for words in said)


def _solid(words: str) -> str:
    return "".join(words.split())


def _normal(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(map(normalise, phrases))


def _says(turn: Turn, phrases: frozenset[str]) -> bool:
    return not turn.with_staff and any(fragment.normal in phrases for fragment in turn.fragments)
