"""Which API may carry which message: the table of `docs/sending.md` as data.

Only APIs that the channels can speak stand here; those of later channels (templates, mass send, customer contact, AI
bot) join as rows. Decisions about a message are the governor's; this module says what is legal at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from content.consent import Consent
from content.messages import Purpose
from content.value import value
from handlers.delivery.limits import Limits, Rate


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
    #: The platform knows a message by the id that it was sent with.
    MESSAGE_ID = "message_id"
    #: It leaves by a code that counts once.
    CODE = "code"


@value
class PlatformKey:
    """The platform's own protection against repeats, and how long after the first attempt it holds."""

    kind: KeyKind = KeyKind.NONE
    valid: timedelta = timedelta(0)


class QuotaRule(StrEnum):
    """What a message through an API uses up."""

    #: Nothing.
    FREE = "free"
    #: One of the messages that the person's last act granted (`handlers.delivery.grants`).
    GRANTED = "granted"
    #: A place in the platform's rate for one person (`Api.rates`).
    RATE = "rate"


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
    #: It answers an event by the event's code, and carries nothing else.
    needs_code: bool = False
    rates: tuple[Rate, ...] = ()

    @property
    def cost(self) -> int:
        """How many of the granted messages one message uses up."""
        return 1 if self.quota is QuotaRule.GRANTED else 0


PASSIVE: Final = "passive"
CUSTOM_SEND: Final = "custom_send"
MESSAGE_SEND: Final = "message_send"
KF_SEND: Final = "kf_send"
KF_ON_EVENT: Final = "kf_on_event"
#: Channels whose messages are fetched, maybe long after they were said; nobody follows their accounts.
FETCHED_CHANNELS: Final = frozenset({"kf"})


def rows(limits: Limits) -> tuple[Api, ...]:
    """Return the table, with the rates of `limits`."""
    return (_passive(), _custom_send(), _message_send(limits), _kf_send(), _kf_on_event())


def _passive() -> Api:
    """Answer in the HTTP response to a callback: 5 s, three attempts; WeCom answers its members the same way."""
    return Api(
        name=PASSIVE,
        channels=frozenset({"wechat", "wecom"}),
        audiences=frozenset(Audience),
        purposes=frozenset({Purpose.SERVICE}),
        quota=QuotaRule.FREE,
        key=PlatformKey(kind=KeyKind.STORED_REPLY, valid=timedelta(seconds=15)),
        text_limit_bytes=2048,
        needs_open_callback=True,
    )


def _custom_send() -> Api:
    """Customer-service message of an official account (`message/custom/send`)."""
    return Api(
        name=CUSTOM_SEND,
        channels=frozenset({"wechat"}),
        audiences=frozenset({Audience.CUSTOMER}),
        purposes=frozenset({Purpose.SERVICE, Purpose.MARKETING}),
        quota=QuotaRule.GRANTED,
        key=PlatformKey(),
        text_limit_bytes=2048,
        consents=MappingProxyType({Purpose.MARKETING: Consent.MARKETING}),
        needs_window=True,
    )


def _message_send(limits: Limits) -> Api:
    """Message of a WeCom application to members (`message/send`). What exceeds the rates is dropped without an error.

    The duplicate check holds for 30 minutes unless the request asks for more; we count on no more than that.
    """
    return Api(
        name=MESSAGE_SEND,
        channels=frozenset({"wecom"}),
        audiences=frozenset({Audience.STAFF}),
        purposes=frozenset(Purpose),
        quota=QuotaRule.RATE,
        key=PlatformKey(kind=KeyKind.WHOLE_REQUEST, valid=timedelta(minutes=30)),
        text_limit_bytes=2048,
        rates=limits.member_rates,
    )


def _kf_send() -> Api:
    """Message of WeChat customer service (`kf/send_msg`), in the session states 0 and 1 only.

    How long the platform knows a message's id is not said; we count on an hour, which outlasts the attempts.
    """
    return Api(
        name=KF_SEND,
        channels=frozenset({"kf"}),
        audiences=frozenset({Audience.CUSTOMER}),
        purposes=frozenset({Purpose.SERVICE}),
        quota=QuotaRule.GRANTED,
        key=PlatformKey(kind=KeyKind.MESSAGE_ID, valid=timedelta(hours=1)),
        text_limit_bytes=2048,
        needs_window=True,
    )


def _kf_on_event() -> Api:
    """Greeting of WeChat customer service (`kf/send_msg_on_event`): the event's code counts once and for 20 s."""
    return Api(
        name=KF_ON_EVENT,
        channels=frozenset({"kf"}),
        audiences=frozenset({Audience.CUSTOMER}),
        purposes=frozenset({Purpose.SERVICE}),
        quota=QuotaRule.FREE,
        key=PlatformKey(kind=KeyKind.CODE, valid=timedelta(seconds=20)),
        text_limit_bytes=2048,
        needs_code=True,
    )
