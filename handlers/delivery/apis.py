"""Which API may carry which message: the table of `docs/sending.md` as data, and what an act of a person opens.

Only APIs that the channels can speak stand here; those of later channels (templates, mass send, kf, customer contact,
AI bot) join as rows. Decisions about a message are the governor's; this module says what is legal at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from content.consent import Consent
from content.messages import (
    Follow,
    Image,
    InboundBody,
    Link,
    Location,
    MenuClick,
    MenuScan,
    Purpose,
    Scan,
    Text,
    Video,
    Voice,
)
from content.value import value
from storage.records import Grant


class Audience(StrEnum):
    """Who is written to."""

    CUSTOMER = "customer"
    STAFF = "staff"


class KeyKind(StrEnum):
    """How a repeat of the same request is recognised."""

    #: Not at all: what may have been delivered must not be sent again.
    NONE = "none"
    #: The reply that was stored is given again; the platform shows the first it got.
    STORED_REPLY = "stored_reply"
    #: The platform drops a request that equals an earlier one byte for byte.
    WHOLE_REQUEST = "whole_request"


@value
class PlatformKey:
    """The platform's own protection against repeats, and how long after the first attempt it holds."""

    kind: KeyKind = KeyKind.NONE
    valid: timedelta = timedelta(0)


class QuotaRule(StrEnum):
    """What a message through an API uses up."""

    #: Nothing.
    FREE = "free"
    #: One of the messages that the person's last act granted (`GRANTS`).
    GRANTED = "granted"
    #: A place in the platform's rate for one person (`Api.rates`).
    RATE = "rate"


@value
class Rate:
    """At most so many messages to one person in such a time."""

    messages: int
    per: timedelta


@value
class Api:
    """One row of the table."""

    name: str
    channels: frozenset[str]
    audiences: frozenset[Audience]
    purposes: frozenset[Purpose]
    quota: QuotaRule
    key: PlatformKey
    #: Longest text, in bytes of UTF-8.
    text_limit_bytes: int
    #: A consent that a purpose needs on this API; others need none.
    consents: Mapping[Purpose, Consent] = field(default_factory=dict)
    #: It only answers a callback whose HTTP request is still open.
    needs_open_callback: bool = False
    #: It is open only for some time after an act of the person.
    needs_window: bool = False
    rates: tuple[Rate, ...] = ()

    @property
    def cost(self) -> int:
        """How many of the granted messages one message uses up."""
        return 1 if self.quota is QuotaRule.GRANTED else 0


#: Answer in the HTTP response to a callback: 5 s, three attempts. WeCom applications answer their members the same way.
PASSIVE: Final = Api(
    name="passive",
    channels=frozenset({"wechat", "wecom"}),
    audiences=frozenset(Audience),
    purposes=frozenset({Purpose.SERVICE}),
    quota=QuotaRule.FREE,
    key=PlatformKey(kind=KeyKind.STORED_REPLY, valid=timedelta(seconds=15)),
    text_limit_bytes=2048,
    needs_open_callback=True,
)
#: Customer-service message of an official account (`message/custom/send`).
CUSTOM_SEND: Final = Api(
    name="custom_send",
    channels=frozenset({"wechat"}),
    audiences=frozenset({Audience.CUSTOMER}),
    purposes=frozenset({Purpose.SERVICE, Purpose.MARKETING}),
    quota=QuotaRule.GRANTED,
    key=PlatformKey(),
    text_limit_bytes=2048,
    consents=MappingProxyType({Purpose.MARKETING: Consent.MARKETING}),
    needs_window=True,
)
#: Message of a WeCom application to members (`message/send`). What exceeds the rates is dropped without an error. The
#: duplicate check holds for 30 minutes unless the request asks for more; we count on no more than that.
MESSAGE_SEND: Final = Api(
    name="message_send",
    channels=frozenset({"wecom"}),
    audiences=frozenset({Audience.STAFF}),
    purposes=frozenset(Purpose),
    quota=QuotaRule.RATE,
    key=PlatformKey(kind=KeyKind.WHOLE_REQUEST, valid=timedelta(minutes=30)),
    text_limit_bytes=2048,
    rates=(
        Rate(messages=30, per=timedelta(minutes=1)),
        Rate(messages=1000, per=timedelta(hours=1)),
    ),
)
APIS: Final[Mapping[str, Api]] = MappingProxyType({api.name: api for api in (PASSIVE, CUSTOM_SEND, MESSAGE_SEND)})


class Trigger(StrEnum):
    """An act of the person that lets an official account write to them."""

    MESSAGE = "message"
    CLICK = "click"
    SCANCODE = "scancode"
    FOLLOW = "follow"
    SCAN = "scan"


_AFTER_A_TAP: Final = Grant(messages=3, window=timedelta(minutes=1))
#: WeChat doc: customer-service messages, quota by trigger (platform table since 2023-06).
GRANTS: Final[Mapping[Trigger, Grant]] = MappingProxyType(
    {
        Trigger.MESSAGE: Grant(messages=5, window=timedelta(hours=48)),
        Trigger.CLICK: _AFTER_A_TAP,
        Trigger.SCANCODE: _AFTER_A_TAP,
        Trigger.FOLLOW: _AFTER_A_TAP,
        Trigger.SCAN: _AFTER_A_TAP,
    }
)


def find_api(name: str) -> Api:
    """Return the row of that name. Raises LookupError naming those there are."""
    try:
        return APIS[name]
    except KeyError:
        raise LookupError(f"no sending API is called {name!r}; there are {', '.join(APIS)}") from None


def trigger_of(body: InboundBody) -> Trigger | None:
    """Return what kind of act an inbound message is, None for one that opens nothing."""
    match body:
        case Text() | Image() | Voice() | Video() | Location() | Link():
            return Trigger.MESSAGE
        case MenuClick():
            return Trigger.CLICK
        case Follow():
            return Trigger.FOLLOW
        case Scan():
            return Trigger.SCAN
        case MenuScan():
            return Trigger.SCANCODE
        case _:
            return None


def grant_of(body: InboundBody, *, channel: str) -> Grant | None:
    """Return what an inbound message on `channel` lets the account send, None when that is nothing or not counted."""
    trigger = trigger_of(body)
    if trigger is None or channel not in CUSTOM_SEND.channels:
        return None
    return GRANTS[trigger]
