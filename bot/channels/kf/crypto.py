"""What a callback of WeChat customer service says once it is opened: that messages wait, and what fetches them.

The envelope is that of every WeCom callback (`bot.channels.wecom.crypto`): what Encrypt decrypts to is believed,
nothing else. Source: WeCom docs 90238 (envelope), 94699 (kf_msg_or_event).
"""

from __future__ import annotations

from bot.channels.bodies import sent_at
from bot.channels.callback import BadCallback
from bot.channels.document import Document, text_of
from bot.channels.keys import identity_key
from bot.channels.wecom.crypto import OpenedPush, open_push
from content.messages import Event, Inbound

__all__ = ["DOORBELL", "OpenedPush", "open_push", "read_doorbell"]

#: The only event of this channel: it names an account, no person, and carries no words.
DOORBELL = "kf_msg_or_event"
#: Bytes. WeCom doc 94670: sync_msg.
_LONGEST_TOKEN = 128


def read_doorbell(document: Document, *, account: str) -> Inbound:
    """Return the event of an opened callback; its sender is the open_kfid whose messages wait, empty in other events.

    An application can be set to be told of other things at the same address: they are named and hold nothing.
    Raises BadCallback.
    """
    kind = text_of(document, "Event", default="")
    at = sent_at(document)
    if kind != DOORBELL:
        return Inbound(account=account, sender="", key=identity_key("e", kind), sent_at=at, body=Event(kind=kind[:64]))
    open_kfid, token = text_of(document, "OpenKfId"), text_of(document, "Token", default="")
    if not 0 < len(open_kfid) <= 64 or len(token.encode()) > _LONGEST_TOKEN:
        raise BadCallback("bad_types", "OpenKfId or Token is empty or longer than one can be")
    return Inbound(
        account=account,
        sender=open_kfid,
        key=identity_key("kf", open_kfid, token),
        sent_at=at,
        body=Event(kind=DOORBELL, fields={"token": token}),
    )
