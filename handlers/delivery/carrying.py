"""Pictures that another account's platform keeps: brought over before the attempt, so that a kill costs no message.

The row names the picture where it was sent; nothing of it is kept here. It is fetched and uploaded anew for each
attempt, before `attempting` is committed: killed meanwhile, the lease ends and it is done again, and the upload of
before is never used. Since each upload has an id of its own, a repeated request is not the same byte for byte: where
the platform recognises repeats by the whole request, it does not recognise these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from content.messages import ImageReply, Outgoing, TextReply
from handlers.delivery.decision import Sentence
from handlers.delivery.errors import NotCarried
from handlers.delivery.ports import Carrier
from handlers.delivery.retry import Cause

log = structlog.get_logger()

#: What is said to whoever sent a picture that did not get there.
SENTENCES: Final[Mapping[Cause, Sentence]] = MappingProxyType(
    {
        Cause.PICTURE_GONE: Sentence(
            "图片已过期（平台只保留三天），请重新发一次。", "The platform keeps the picture no longer."
        ),
        Cause.PICTURE_TOO_LARGE: Sentence(
            "图片太大，请压缩后重新发一次。", "The picture is larger than the platform takes."
        ),
        Cause.NO_PICTURE: Sentence(
            "平台只收 JPG 和 PNG 图片，请换一种格式。", "The file is no picture that the platform shows."
        ),
        Cause.PICTURE_NOT_CARRIED: Sentence(
            "平台现在不能转图片，请稍后重新发一次，或用文字回复。", "The platforms do not carry the picture now."
        ),
    }
)


def is_carried(content: Outgoing | None) -> bool:
    """Tell whether a picture must be brought over from another account before it can leave."""
    return isinstance(content, ImageReply) and content.kept_by is not None


async def bring_over(content: Outgoing, carrier: Carrier | None) -> Outgoing:
    """Return the content as it can leave: with a picture that the sending platform keeps, or what is said instead.

    Raises NotCarried when nothing is to be said instead.
    """
    if not isinstance(content, ImageReply) or content.kept_by is None:
        return content
    try:
        return await _carry(content, carrier)
    except NotCarried as error:
        log.warning(
            "A picture was not brought over.",
            action="picture_not_carried",
            kept_by=content.kept_by,
            code=error.code,
            detail=str(error),
        )
        if content.instead is None:
            raise
        return TextReply(content=content.instead, by=content.by)


async def _carry(picture: ImageReply, carrier: Carrier | None) -> ImageReply:
    if carrier is None:
        raise NotCarried("this account brings no pictures over from others")
    try:
        return await carrier.carry(picture)
    except NotCarried:
        raise
    except Exception as error:
        # The row must end: what cannot be brought over now would hold up the person's other messages for ever.
        log.exception("A picture could not be brought over in an unforeseen way.", action="carrier_failed")
        raise NotCarried(f"unforeseen: {type(error).__name__}") from error
