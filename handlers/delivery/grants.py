"""Acts of a person that let an account write to them."""

from __future__ import annotations

from enum import StrEnum

from content.customer_service import File, Shared
from content.messages import (
    Follow,
    Image,
    InboundBody,
    Link,
    Location,
    MenuClick,
    MenuScan,
    Scan,
    Text,
    Video,
    Voice,
)
from handlers.delivery.limits import Limits
from storage.records import Grant


class Trigger(StrEnum):
    """What kind of act it was."""

    MESSAGE = "message"
    CLICK = "click"
    SCANCODE = "scancode"
    FOLLOW = "follow"
    SCAN = "scan"


def trigger_of(body: InboundBody) -> Trigger | None:
    """Return what kind of act an inbound message is, None for one that opens nothing."""
    match body:
        case Text() | Image() | Voice() | Video() | Location() | Link() | File() | Shared():
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


def granted_by(trigger: Trigger, limits: Limits) -> Grant:
    """Return how many messages an act lets the account send, and for how long."""
    return limits.after_message if trigger is Trigger.MESSAGE else limits.after_tap
