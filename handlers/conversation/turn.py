"""One turn of a conversation as values: what came in, from whom, and what is to go out and to change.

Handlers take a `Turn` and return an `Outcome`; whoever holds the conversation stores both in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Final

from content.consent import Consent, ConsentState
from content.customer_service import File, Shared
from content.marketing import Limit
from content.messages import (
    Image,
    Inbound,
    InboundBody,
    Link,
    Location,
    Option,
    Outgoing,
    Purpose,
    Text,
    Video,
    Voice,
)
from content.normal_form import normalise
from content.value import value
from storage.records import OpenHandover

#: Channels whose people are staff, not customers.
STAFF_CHANNELS: Final = frozenset({"wecom", "aibot"})


@value
class AccountInfo:
    """The account that was written to."""

    #: Name in the settings.
    name: str
    channel: str
    #: What people call the account; fills `{account}` in texts.
    title: str
    #: Customer-service number; fills `{hotline}` in texts.
    hotline: str = ""


@value
class Staff:
    """A member of staff, bound by WeCom userid."""

    userid: str
    name: str
    #: One of `content.rights.Role`.
    role: str
    branch: str | None = None


@value
class Customer:
    """Who wrote: one identity and the customer behind it; `staff` when the identity is bound to one."""

    customer_id: int
    identity_id: int
    realm: str
    #: Openid or userid within the realm.
    external_id: str
    staff: Staff | None = None


@value
class ConsentStanding:
    """Where one consent stands."""

    state: ConsentState
    #: Version of the text that was shown or answered.
    text_version: str
    at: datetime


@value
class Standing:
    """What is already known about the person when the turn begins."""

    #: What was ever asked for or said; a consent that is absent is `unasked`.
    consents: Mapping[Consent, ConsentStanding] = field(default_factory=dict)
    #: Options of the last menu message of this conversation, so that a typed "2" can choose the second.
    offered: tuple[Option, ...] = ()
    #: The handover that is open with the person, read when the message was recorded.
    handover: OpenHandover | None = None
    #: Until when a person serves them at the platform itself, None when nobody does.
    served_until: datetime | None = None
    #: The customer chose the mode for the elderly (`content.elder`).
    elder: bool = False
    #: The call-back that runs (`content.callback`), by its number, as it was when the message was recorded.
    callback: int | None = None

    def state(self, consent: Consent) -> ConsentState:
        """Return where a consent stands."""
        standing = self.consents.get(consent)
        return ConsentState.UNASKED if standing is None else standing.state


@value
class Fragment:
    """The words of one message: as they came, and in the form in which they are compared."""

    message: Inbound
    text: str
    normal: str


def words_of(body: InboundBody) -> str | None:
    """Return what a person said, written or transcribed by the platform; None when there are no words."""
    if isinstance(body, Text):
        return body.content
    if isinstance(body, Voice):
        return body.recognition or None
    return None


def can_join(body: InboundBody) -> bool:
    """Tell whether a message may join others in one turn; an event or a tap on an option is a turn of its own."""
    is_words = isinstance(body, Text) and body.option is None
    return is_words or isinstance(body, Voice | Image | Video | Location | Link | File | Shared)


def never_joins(_body: InboundBody) -> bool:
    """Say no: nothing joins a turn that is complete."""
    return False


@value
class Turn:
    """What one answer is about: a message, or fragments in order (see `can_join`); the last carries the reply."""

    account: AccountInfo
    who: Customer
    messages: tuple[Inbound, ...]
    #: Aware UTC.
    now: datetime
    standing: Standing = Standing()
    #: The places of the messages in the account's log; empty while they are just being recorded.
    seqs: tuple[int, ...] = ()
    #: The messages that hold words.
    fragments: tuple[Fragment, ...] = field(init=False)
    #: All words, fragments joined by newlines; empty when there are none.
    text: str = field(init=False)
    #: `text` in the form in which it is compared.
    normal: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("a turn needs at least one message; do not build one for an empty conversation")
        spoken = [(message, words) for message in self.messages if (words := words_of(message.body)) is not None]
        fragments = tuple(Fragment(message=message, text=words, normal=normalise(words)) for message, words in spoken)
        object.__setattr__(self, "fragments", fragments)
        object.__setattr__(self, "text", "\n".join(fragment.text for fragment in fragments))
        object.__setattr__(self, "normal", "".join(fragment.normal for fragment in fragments))

    @property
    def last(self) -> Inbound:
        """The message that carries the reply."""
        return self.messages[-1]

    @property
    def body(self) -> InboundBody:
        """The body of the last message."""
        return self.messages[-1].body

    @property
    def with_staff(self) -> bool:
        """Whether the account serves staff."""
        return self.account.channel in STAFF_CHANNELS


@value
class Reply:
    """One message that goes back."""

    content: Outgoing
    #: What is said first to an elderly customer where the whole is too long; "" when nothing is authored.
    short: str = ""
    purpose: Purpose = Purpose.SERVICE
    #: Version of the authored content it was made from (`Content.version`).
    content_version: str


@value
class ConsentChanged:
    """The customer granted or took back a permission in so many words."""

    consent: Consent
    state: ConsentState
    #: Version of the text that the customer saw or answered.
    text_version: str
    #: The message of the turn that shows it.
    evidence: Inbound


@value
class Attributed:
    """The person came by a scene; what it names, when it names anything."""

    scene: str
    campaign: str | None = None
    agent: str | None = None


@value
class ElderChanged:
    """The customer turned the mode for the elderly on or off."""

    on: bool


@value
class PreferenceChanged:
    """The customer chose a topic of marketing, or (None) how often at most they want any."""

    topic: str | None = None
    #: A `storage.preference_rows.TopicChoice`, or the frequency's id.
    choice: str
    #: The limit of the frequency, None for none.
    limit: Limit | None = None
    #: Version of the content that the customer chose from.
    text_version: str
    #: The message of the turn that shows it.
    evidence: Inbound


Effect = ConsentChanged | Attributed | ElderChanged | PreferenceChanged


@value
class Outcome:
    """What comes of a turn: replies in order and effects, written in one transaction; empty: only the log."""

    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()


class NotHandled(Enum):
    """The class of the one value by which a handler passes a turn on."""

    NOT_HANDLED = "not handled"


NOT_HANDLED: Final = NotHandled.NOT_HANDLED
