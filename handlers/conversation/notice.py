"""The notice at the first chat: asked once, after the answer, and again only for what a new version changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from content.consent import Consent, ConsentState
from content.messages import Follow, Image, Link, Location, MenuReply, Option, Scan, Text, Video, Voice
from content.notice import ALL, EACH, NONE, TOGETHER
from content.tree import Content
from handlers.conversation.asking import Asking
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import ConsentChanged, ElderChanged, Outcome, PreferenceChanged, Reply, Turn

#: A person who does one of these is there, and reads what comes back.
_CHATS: Final = (Follow, Scan, Text, Voice, Image, Video, Location, Link)


class FirstNotice:
    """Puts the notice behind what the bot says anyway."""

    def __init__(self, content: Content) -> None:
        self._notice = content.notice
        self._phrasing = Phrasing(content)
        self._asking = Asking(content.notice, self._phrasing)

    def after(self, turn: Turn, outcome: Outcome) -> Outcome | None:
        """Return the outcome with the notice behind it; None when it is not the moment, or nothing is to be asked.

        Nobody is asked in a turn that itself chooses something, nor on top of another question: one at a time.
        """
        if turn.with_staff or not isinstance(turn.body, _CHATS) or not outcome.replies:
            return None
        if any(isinstance(effect, ConsentChanged | ElderChanged | PreferenceChanged) for effect in outcome.effects):
            return None
        if any(isinstance(reply.content, MenuReply) for reply in outcome.replies):
            return None
        due = tuple(consent for consent in TOGETHER if self._asking.is_due(turn, consent))
        if due:
            return self._asked(turn, outcome, self._together(turn), due)
        # Without a profile there is nothing that sensitive facts could be kept in.
        profile = turn.standing.state(Consent.PROFILE)
        if profile is ConsentState.GRANTED and self._asking.is_due(turn, Consent.SENSITIVE):
            alone = self._asking.question(turn, Consent.SENSITIVE)
            return self._asked(turn, outcome, alone, (Consent.SENSITIVE,))
        return None

    def _together(self, turn: Turn) -> Reply:
        labels = self._notice.choices
        options = (
            Option(id=ALL, label=labels.all),
            Option(id=EACH, label=labels.each),
            Option(id=NONE, label=labels.none),
        )
        return self._phrasing.ask(turn, self._notice.text, options)

    def _asked(self, turn: Turn, outcome: Outcome, question: Reply, consents: tuple[Consent, ...]) -> Outcome:
        asked = (self._asking.asked(turn, consent) for consent in consents)
        return replace(outcome, replies=(*outcome.replies, question), effects=(*outcome.effects, *asked))
