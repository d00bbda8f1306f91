"""The figures of the sending table that a platform may change, each a setting; the default is the published value."""

from __future__ import annotations

from datetime import timedelta

from content.value import value
from storage.records import Grant


@value
class Rate:
    """At most so many messages to one person in such a time."""

    messages: int
    per: timedelta


@value
class Limits:
    """What one account may send to one person.

    WeChat doc: customer-service messages, quota by trigger (platform table since 2023-06). WeCom doc: message/send,
    what exceeds the rates is dropped without an error.
    """

    #: After a message of the customer.
    after_message: Grant = Grant(messages=5, window=timedelta(hours=48))
    #: After a tap on the menu, a scan, a follow.
    after_tap: Grant = Grant(messages=3, window=timedelta(minutes=1))
    #: After a message of the customer in WeChat customer service. WeCom docs: kf/send_msg.
    after_kf_message: Grant = Grant(messages=5, window=timedelta(hours=48))
    #: A WeCom application to one member.
    member_rates: tuple[Rate, ...] = (
        Rate(messages=30, per=timedelta(minutes=1)),
        Rate(messages=1000, per=timedelta(hours=1)),
    )
