"""What the conversation needs to know of a served account."""

from __future__ import annotations

from enum import StrEnum

from content.value import value
from handlers.conversation.turn import AccountInfo
from storage.records import AccountRow


class Answers(StrEnum):
    """How an account answers."""

    #: In the HTTP answer when in time, through the outbox when late.
    PASSIVE = "passive"
    #: Always through the outbox; callbacks are acknowledged as soon as they are recorded.
    ACTIVE = "active"
    #: Not at all: what is said is only logged (another system answers).
    NONE = "none"


@value
class ServedAccount:
    """One account with how it answers; `active_messages`: the platform lets it send without being asked."""

    row: AccountRow
    info: AccountInfo
    answers: Answers
    active_messages: bool


@value
class ConversationConfig:
    """Times of the conversation, in seconds."""

    #: From a callback's arrival to its answer (the platform cuts at five).
    deadline: float = 4.5
    lease: float = 6.0
    idle_close: float = 6 * 3600.0
    #: How often an answer is made anew because fragments joined, before the rest must wait for the next turn.
    rejoins: int = 3
