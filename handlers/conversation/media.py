"""Messages without words: pictures, films, places, links, files, cards, and voice that nobody transcribed."""

from __future__ import annotations

from content.customer_service import File, Shared
from content.messages import Image, Link, Location, Video, Voice
from content.texts import Texts
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn


def is_unheard_voice(turn: Turn) -> bool:
    """Tell whether the last message is speech that the platform did not put into words."""
    return isinstance(turn.body, Voice) and not turn.body.recognition


def is_media(turn: Turn) -> bool:
    """Tell whether the last message is something to look at or to open."""
    return isinstance(turn.body, Image | Video | Location | Link | File | Shared)


class MediaReceived:
    """Says what became of a message that cannot be understood, and what to do instead."""

    def __init__(self, texts: Texts, phrasing: Phrasing) -> None:
        self._unheard = texts.voice_unknown
        self._received: dict[type, str] = {
            Image: texts.image_received,
            Video: texts.video_received,
            Location: texts.location_received,
            Link: texts.link_received,
            File: texts.file_received,
            Shared: texts.shared_received,
        }
        self._phrasing = phrasing

    async def unheard(self, turn: Turn) -> Outcome | NotHandled:
        """Say that the voice message could not be heard; what it said stays unknown."""
        return Outcome(replies=(self._phrasing.say(turn, self._unheard),))

    async def received(self, turn: Turn) -> Outcome | NotHandled:
        """Acknowledge by kind."""
        text = self._received.get(type(turn.body))
        if text is None:
            return NOT_HANDLED
        return Outcome(replies=(self._phrasing.say(turn, text),))
