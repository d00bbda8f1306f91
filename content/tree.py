"""All authored content as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from content.answers import Answers
from content.audience import Audience
from content.benefits import Benefits
from content.callback import Callback
from content.consent_words import ConsentWords
from content.elder import Elder
from content.handover import Handover
from content.marketing import Marketing
from content.menu import Menu
from content.notice import Notice
from content.policy_texts import PolicyTexts
from content.precheck_rules import Precheck
from content.retention import Retention
from content.signals import Tasks
from content.texts import Texts
from content.welcome import Welcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the bot says and when, as loaded at one moment."""

    texts: Texts
    welcome: Welcome
    menu: Menu
    answers: Answers
    consent_words: ConsentWords
    notice: Notice
    marketing: Marketing
    policies: PolicyTexts
    callback: Callback
    benefits: Benefits
    tasks: Tasks
    retention: Retention
    handover: Handover
    elder: Elder
    audience: Audience
    #: What the machine looks for in content before a person reviews it.
    precheck: Precheck
    #: By a sentence its short form for the mode for the elderly; only where that was written for these very words.
    shorts: Mapping[str, str]
    #: First twelve hexadecimal digits of the SHA-256 of the files it was made from; stored with every reply.
    version: str
