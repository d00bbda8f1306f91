"""The checks a message passes, each a small callable that narrows the APIs it may take or says why none is left.

Caps, quiet hours and compliance join as further gates; `handlers.delivery.governor` puts them in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from content.consent import ConsentState
from content.messages import Purpose
from handlers.delivery.apis import Api, Audience, QuotaRule
from handlers.delivery.decision import Author, Defer, OutgoingFacts, Reason, Refuse, Standing

#: The APIs that remain (never empty), or why none does.
Verdict = tuple[Api, ...] | Refuse | Defer


class Gate(Protocol):
    """One check. It may drop APIs from `apis` and must keep the order of the rest; it may not add any."""

    def __call__(
        self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime
    ) -> Verdict: ...


class Unasked(StrEnum):
    """What a customer who was never asked for a consent may be sent."""

    #: The cautious default: nothing that needs the consent.
    REFUSE = "refuse"
    ALLOW = "allow"


#: What the table demands of a message, in the order in which it is refused.
_RULES: tuple[tuple[Callable[[Api, OutgoingFacts], bool], Reason], ...] = (
    (lambda api, facts: facts.channel in api.channels and facts.audience in api.audiences, Reason.NO_API),
    (lambda api, facts: facts.purpose in api.purposes, Reason.PURPOSE_NOT_ALLOWED),
    (lambda api, facts: facts.callback_open or not api.needs_open_callback, Reason.CALLBACK_CLOSED),
    (lambda api, facts: facts.by_code is api.needs_code, Reason.NO_API),
    (lambda api, facts: facts.text_bytes <= api.text_limit_bytes, Reason.TOO_LONG),
)


@dataclass(frozen=True, slots=True)
class Reachability:
    """The person still follows, the platform has not said that they cannot be reached, and nobody else serves them."""

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        if standing.followed is False:
            return Refuse(reason=Reason.UNFOLLOWED)
        if standing.unreachable is not None:
            return Refuse(reason=Reason.UNREACHABLE, detail=standing.unreachable)
        # What answers an event by its own code is what the platform itself lets through then.
        if standing.served_until is not None and standing.served_until > now and not facts.by_code:
            return Refuse(reason=Reason.SERVED_BY_PERSON)
        return apis


@dataclass(frozen=True, slots=True)
class Legality:
    """The table: channel and audience, purpose, an open callback where one is needed, length."""

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        for keeps, reason in _RULES:
            apis = tuple([api for api in apis if keeps(api, facts)])
            if not apis:
                return Refuse(reason=reason)
        return apis


@dataclass(frozen=True, slots=True)
class Approval:
    """The words were approved and let pass by compliance."""

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        if not facts.content_ok:
            return Refuse(reason=Reason.CONTENT_REFUSED)
        if not facts.approved:
            return Refuse(reason=Reason.NOT_APPROVED)
        return apis


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The content that it was made of is approved in this version, unexpired, and nobody has stopped it."""

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        if facts.content_version_id is None:
            return apis
        reviewed = standing.reviewed
        if reviewed is None or not reviewed.is_approved:
            return Refuse(reason=Reason.CONTENT_UNAPPROVED)
        if reviewed.is_stopped:
            return Refuse(reason=Reason.CONTENT_STOPPED)
        if reviewed.expires_at is None or reviewed.expires_at <= now:
            return Refuse(reason=Reason.CONTENT_EXPIRED)
        return apis


_CONSENT_REASONS = {
    ConsentState.UNASKED: Reason.CONSENT_MISSING,
    ConsentState.ASKED: Reason.CONSENT_MISSING,
    ConsentState.REFUSED: Reason.CONSENT_REFUSED,
    ConsentState.WITHDRAWN: Reason.CONSENT_WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Consents:
    """The customer allows what the API needs a consent for; who opts out withdraws it."""

    unasked: Unasked = Unasked.REFUSE

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        remaining = tuple(
            [api for api in apis if facts.purpose not in api.consents or self._granted(api, facts, standing)]
        )
        if remaining:
            return remaining
        state = standing.consents.get(apis[0].consents[facts.purpose], ConsentState.UNASKED)
        return Refuse(reason=_CONSENT_REASONS[state])

    def _granted(self, api: Api, facts: OutgoingFacts, standing: Standing) -> bool:
        state = standing.consents.get(api.consents[facts.purpose], ConsentState.UNASKED)
        return state is ConsentState.GRANTED or (state is ConsentState.UNASKED and self.unasked is Unasked.ALLOW)


@dataclass(frozen=True, slots=True)
class Preferred:
    """Marketing is of a topic that the customer takes, and within the frequency that they chose; all else passes."""

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        if facts.purpose is not Purpose.MARKETING or facts.audience is not Audience.CUSTOMER:
            return apis
        chosen = standing.preferences
        if facts.topic in chosen.refused_topics:
            return Refuse(reason=Reason.TOPIC_REFUSED)
        limit = None if chosen.frequency is None else chosen.frequency.limit
        if limit is None:
            return apis
        since = now - timedelta(days=limit.days)
        is_reached = sum(at > since for at in chosen.sent) >= limit.messages
        return Refuse(reason=Reason.FREQUENCY_CHOSEN) if is_reached else apis


@dataclass(frozen=True, slots=True)
class Window:
    """The reply window is open, where the API has one; at its end it is closed."""

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        window_open = standing.window_until is not None and standing.window_until > now
        if window_open:
            return apis
        return tuple([api for api in apis if not api.needs_window]) or Refuse(reason=Reason.WINDOW_CLOSED)


@dataclass(frozen=True, slots=True)
class Quotas:
    """Something is left to send: of the granted messages `reserve` are for a person, of a rate there is room."""

    reserve: int = 1

    def __call__(self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime) -> Verdict:
        left = standing.quota.at(now)
        usable = left - (self.reserve if facts.by is Author.BOT else 0)
        paced = standing.paced_until if standing.paced_until is not None and standing.paced_until > now else None
        shut = (QuotaRule.GRANTED if usable <= 0 else None, QuotaRule.RATE if paced is not None else None)
        remaining = tuple([api for api in apis if api.quota not in shut])
        if remaining:
            return remaining
        if paced is not None and any(api.quota is QuotaRule.RATE for api in apis):
            return Defer(until=paced, reason=Reason.RATE_LIMITED)
        return Refuse(reason=Reason.QUOTA_RESERVED if left > 0 else Reason.QUOTA_EXHAUSTED)
