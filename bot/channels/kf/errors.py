"""Error codes of WeChat customer service and what each asks of the caller: WeCom's table, read for such an account.

Here a code that speaks of the account or its secret stops the account, since every further call meets it too.
Source: WeCom doc 90313, "global error codes"; 94670, 94677 (sync_msg, send_msg).
"""

from __future__ import annotations

from bot.channels.reactions import Reaction, ReactionTable, each
from bot.channels.wecom.errors import ERRORS as _WECOM
from bot.channels.wecom.errors import TOKEN_ERRORS
from handlers.conversation.ports import ServicerRefused
from handlers.delivery.errors import AccountBlocked, Rejected, Unreachable

__all__ = ["ERRORS", "SYNC_TOKEN_REFUSED", "TOKEN_ERRORS"]

#: sync_msg: the token of the doorbell is older than ten minutes, or not one.
SYNC_TOKEN_REFUSED = 95007

ERRORS: ReactionTable = {
    **_WECOM,
    **each((95000, 95004), AccountBlocked, "the open_kfid is bad or not this secret's; check open_kfid and secret"),
    95003: Reaction(error=AccountBlocked, meaning="the consultation cap of an unverified enterprise"),
    **each(
        (95011, 95012),
        AccountBlocked,
        "the secret does not fit the mode of the customer service; take that of the application it lets call",
    ),
    **each((95017, 95023), AccountBlocked, "the customer-service API is switched off or given to another application"),
    48007: Reaction(error=AccountBlocked, meaning="the customer-service account is not authorised"),
    40003: Reaction(error=Unreachable, meaning="there is no such external_userid"),
    **each((95014, 95019), ServicerRefused, "who is to serve is no servicer of the account's, or pauses"),
    41050: Reaction(error=Rejected, meaning="the event's code is invalid, used, or older than it counts"),
}
