"""What the governor is asked and what it answers: the outgoing message's facts, the person's standing, the decision.

A refusal has a stable reason word, which is stored, and a sentence in Chinese (for pages and operators) and English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from content.consent import Consent, ConsentState, state_of
from content.messages import Purpose
from content.value import value
from handlers.delivery.apis import Api, Audience
from handlers.delivery.quota import Quota
from storage.content_standing import ContentStanding
from storage.preference_rows import Preferences
from storage.records import Person


class Author(StrEnum):
    """Who says it."""

    BOT = "bot"
    PERSON = "person"


class Reason(StrEnum):
    """Why a message may not go, or not now. The words are stored: they never change their meaning."""

    UNFOLLOWED = "unfollowed"
    UNREACHABLE = "unreachable"
    SERVED_BY_PERSON = "served_by_person"
    NO_API = "no_api"
    PURPOSE_NOT_ALLOWED = "purpose_not_allowed"
    CALLBACK_CLOSED = "callback_closed"
    TOO_LONG = "too_long"
    CONTENT_REFUSED = "content_refused"
    NOT_APPROVED = "not_approved"
    #: The version of the content that it names was never approved, was replaced or withdrawn.
    CONTENT_UNAPPROVED = "content_unapproved"
    CONTENT_EXPIRED = "content_expired"
    CONTENT_STOPPED = "content_stopped"
    CONSENT_MISSING = "consent_missing"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    TOPIC_REFUSED = "topic_refused"
    FREQUENCY_CHOSEN = "frequency_chosen"
    WINDOW_CLOSED = "window_closed"
    QUOTA_EXHAUSTED = "quota_exhausted"
    QUOTA_RESERVED = "quota_reserved"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same in both languages."""

    zh: str
    en: str


SENTENCES: Final[Mapping[Reason, Sentence]] = MappingProxyType(
    {
        Reason.UNFOLLOWED: Sentence("对方已取消关注。", "The person no longer follows the account."),
        Reason.UNREACHABLE: Sentence("平台报告对方无法送达。", "The platform says that the person cannot be reached."),
        Reason.SERVED_BY_PERSON: Sentence(
            "客服人员正在平台上接待这位客户，机器人和接口不能发言。",
            "A servicer serves the customer at the platform itself.",
        ),
        Reason.NO_API: Sentence("没有接口能在此渠道发给此类对象。", "No API of this channel reaches such a person."),
        Reason.PURPOSE_NOT_ALLOWED: Sentence(
            "可用的接口都不允许此用途的消息。", "None of the APIs may carry a message of this purpose."
        ),
        Reason.CALLBACK_CLOSED: Sentence(
            "对应的回调已结束，不能再被动回复。", "The callback is over; it can no longer be answered."
        ),
        Reason.TOO_LONG: Sentence("文字超过接口的长度上限。", "The text is longer than the APIs take."),
        Reason.CONTENT_REFUSED: Sentence("内容未通过合规检查。", "The content did not pass the compliance check."),
        Reason.NOT_APPROVED: Sentence("内容尚未审批通过。", "The content has not been approved."),
        Reason.CONTENT_UNAPPROVED: Sentence(
            "所用的内容版本没有审批通过，或已被替换、撤下。",
            "The version of the content is not approved, or was replaced or withdrawn.",
        ),
        Reason.CONTENT_EXPIRED: Sentence("所用的内容版本已过有效期。", "The approval of the content has expired."),
        Reason.CONTENT_STOPPED: Sentence(
            "所用的内容或它宣传的产品已被叫停。", "The content, or the product that it names, was stopped."
        ),
        Reason.CONSENT_MISSING: Sentence("客户尚未同意接收营销消息。", "The customer has not consented to marketing."),
        Reason.CONSENT_REFUSED: Sentence("客户拒绝接收营销消息。", "The customer has refused marketing."),
        Reason.CONSENT_WITHDRAWN: Sentence(
            "客户已撤回营销消息的同意。", "The customer has withdrawn the consent to marketing."
        ),
        Reason.TOPIC_REFUSED: Sentence(
            "客户选择了不收这个主题的活动消息。", "The customer refuses marketing of this topic."
        ),
        Reason.FREQUENCY_CHOSEN: Sentence(
            "客户选择的活动消息频率已用完，过些天才能再发。",
            "The customer has had as much marketing as they chose to have.",
        ),
        Reason.WINDOW_CLOSED: Sentence("回复窗口已关闭，须等客户再次互动。", "The reply window is closed."),
        Reason.QUOTA_EXHAUSTED: Sentence(
            "客服消息条数已用完，须等客户再次互动。", "The replies that the person's last act allowed are used up."
        ),
        Reason.QUOTA_RESERVED: Sentence(
            "剩余的客服消息条数留给人工。", "The replies that are left are kept for a person."
        ),
        Reason.RATE_LIMITED: Sentence(
            "发给同一成员的频率已达平台上限，稍后再发。", "The platform's rate for one member is reached."
        ),
    }
)


@value
class OutgoingFacts:
    """What there is to know about a message that wants to go out."""

    purpose: Purpose
    by: Author
    channel: str
    audience: Audience
    #: Names of the APIs that could carry it, the preferred first.
    apis: tuple[str, ...]
    text_bytes: int = 0
    #: What it is about when it advertises (`content.marketing`), None: nothing that is told apart.
    topic: str | None = None
    #: The callback it answers still waits for its HTTP answer.
    callback_open: bool = False
    #: It answers an event by the event's own code.
    by_code: bool = False
    #: The compliance check lets the words pass.
    content_ok: bool = True
    #: Authored content of an approved version, or a person's own words.
    approved: bool = True
    #: The version of reviewed content that it was made of; None: of none.
    content_version_id: int | None = None


@value
class Standing:
    """How one identity stands to one account."""

    #: None: not known, which an account learns from the first event of the person.
    followed: bool | None = None
    #: What the platform said when it last refused this person, None when it has not.
    unreachable: str | None = None
    #: Until when a person serves them at the platform itself, which lets nobody else speak.
    served_until: datetime | None = None
    #: When the window in which the account may write to the person ends.
    window_until: datetime | None = None
    quota: Quota = field(default_factory=Quota)
    #: When the platform's rate for this person opens again, None when it is open.
    paced_until: datetime | None = None
    consents: Mapping[Consent, ConsentState] = field(default_factory=dict)
    #: What the customer chose about marketing, and when it went out to them; known where that is what goes out.
    preferences: Preferences = field(default_factory=Preferences)
    #: How the reviewed content stands that the message was made of; None: it was made of none, or that is gone.
    reviewed: ContentStanding | None = None


@value
class Allow:
    """The message may go now, through `api`."""

    api: Api


@value
class Refuse:
    """The message may not go."""

    reason: Reason
    #: What is particular to this case, such as the platform's word for it.
    detail: str = ""

    @property
    def sentence(self) -> Sentence:
        return SENTENCES[self.reason]


@value
class Defer:
    """The message may not go before `until`."""

    until: datetime
    reason: Reason

    @property
    def sentence(self) -> Sentence:
        return SENTENCES[self.reason]


Ruling = Allow | Refuse | Defer


#: Consents this version knows; one that a newer version added governs nothing that this one sends.
_CONSENTS: Final = frozenset(str(consent) for consent in Consent)


def standing_of(person: Person, *, paced_until: datetime | None = None) -> Standing:
    """Return the standing that storage knows of a person; the window ends with the quota that opened it."""
    return Standing(
        followed=person.followed,
        unreachable=person.unreachable,
        served_until=person.served_until,
        window_until=person.quota_until,
        quota=Quota(left=person.quota_left, until=person.quota_until),
        paced_until=paced_until,
        consents={Consent(name): state_of(row.state) for name, row in person.consent_rows.items() if name in _CONSENTS},
        preferences=person.preferences or Preferences(),
        reviewed=person.reviewed,
    )
