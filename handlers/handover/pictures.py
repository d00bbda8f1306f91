"""Pictures that a customer sent before anybody served: what whoever accepts is given of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from content.messages import Outgoing, TextReply, decode_inbound
from handlers.handover.wording import HandoverWording
from storage.handover_rows import HandoverRow
from storage.timeline import Said

#: So many of the last ones; a member of staff can be sent thirty messages a minute.
MOST: Final = 3
#: So long the platforms keep a picture.
KEPT: Final = timedelta(days=3)


def pictures_before(
    row: HandoverRow, said: Sequence[Said], *, wording: HandoverWording, now: datetime
) -> list[Outgoing]:
    """Return the last pictures among what was said, behind words that name their customer; nothing when there are none.

    What the platform keeps no longer is left out: the lines of what was said show that there was something.
    """
    pictures = [
        picture
        for message in said
        if message.direction == "in" and now - message.at < KEPT
        if (picture := wording.picture(row, decode_inbound(message.kind, message.fields or {}))) is not None
    ]
    return [TextReply(content=wording.staff("pictures", row)), *pictures[-MOST:]] if pictures else []
