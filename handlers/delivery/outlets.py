"""Outlets: an account's way out, and what it means for one message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from content.messages import CardReply, MenuReply, Outgoing, Purpose, TextReply
from content.value import value
from handlers.delivery.apis import Api, Audience
from handlers.delivery.decision import Author, OutgoingFacts
from handlers.delivery.ports import Carrier, Channel
from storage.claims import Claimed


@value
class Outlet:
    """One account's way out: its channel, whom it serves, and the APIs that can carry its messages, preferred first."""

    channel: Channel
    channel_name: str
    audience: Audience
    apis: tuple[Api, ...]
    #: Brings pictures over that another account keeps; None: this account sends none.
    carrier: Carrier | None = None

    @property
    def look_back(self) -> timedelta:
        """How far back attempts count for the platform's rates."""
        return max((rate.per for api in self.apis for rate in api.rates), default=timedelta(0))

    def facts(self, row: Claimed) -> OutgoingFacts:
        """Return what the governor must know of a row. Raises ValueError on a word of another version."""
        return OutgoingFacts(
            purpose=Purpose(row.purpose),
            by=Author(row.author),
            channel=self.channel_name,
            audience=self.audience,
            apis=tuple([api.name for api in self.apis]),
            topic=row.topic,
            content_version_id=row.content_version_id,
            text_bytes=_text_bytes(row.content),
            by_code=isinstance(row.content, TextReply | MenuReply) and row.content.code is not None,
        )

    def paced_until(self, recent: Sequence[datetime], *, now: datetime) -> datetime | None:
        """Return when the platform's rates let a person be written to again, None when they do now.

        `recent` is when the person was last written to, the newest first.
        """
        ends = [
            recent[rate.messages - 1] + rate.per
            for api in self.apis
            for rate in api.rates
            if len(recent) >= rate.messages
        ]
        later = [end for end in ends if end > now]
        return max(later, default=None)


def _text_bytes(content: Outgoing | None) -> int:
    match content:
        case TextReply(content=words):
            return len(words.encode())
        case MenuReply(head=head, tail=tail, options=options):
            return len((head + tail + "".join(option.label for option in options)).encode())
        case CardReply(title=title, description=description, lines=lines):
            return len((title + description + "".join(line.name + line.text for line in lines)).encode())
        case _:
            return 0
