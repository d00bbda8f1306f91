"""Error codes of official accounts and what each asks of the caller. Source: WeChat doc, "global return codes".

Where a code means two things, the endpoint decides: `TOKEN_ERRORS` is for the token endpoint, `ERRORS` for the rest.
"""

from __future__ import annotations

from datetime import timedelta

from bot.channels.reactions import Opens, Reaction, ReactionTable, each
from handlers.delivery.errors import (
    AccountBlocked,
    MediaGone,
    MediaTooLarge,
    Misconfigured,
    NotAPicture,
    QuotaExhausted,
    Rejected,
    RetryLater,
    TokenRefused,
    Unreachable,
    WindowClosed,
)

ERRORS: ReactionTable = {
    -1: Reaction(error=RetryLater, meaning="the platform is busy"),
    0: Reaction(error=None, meaning="ok"),
    40001: Reaction(error=TokenRefused, meaning="the access token is invalid or not the latest"),
    40002: Reaction(error=AccountBlocked, meaning="bad grant_type"),
    40003: Reaction(error=Unreachable, meaning="the openid is not a follower of this account"),
    40005: Reaction(error=NotAPicture, meaning="bad file type"),
    **each((40006, 40009), MediaTooLarge, "a file or picture of a bad size"),
    **each((40007, 40118, 40121), MediaGone, "the media_id is bad or has expired; upload the media again"),
    40008: Reaction(error=Rejected, meaning="bad message type"),
    40013: Reaction(error=AccountBlocked, meaning="bad app id; check app_id in the settings"),
    40014: Reaction(error=TokenRefused, meaning="the access token is invalid"),
    **each((40029, 40163), Rejected, "the OAuth code is invalid or used; start the authorisation again"),
    **each((40031, 40032), Rejected, "the list of openids is bad or of a forbidden size"),
    40033: Reaction(error=Rejected, meaning="forbidden characters; JSON must be raw UTF-8 without \\u escapes"),
    **each((40035, 40038), Rejected, "a parameter is bad"),
    **each((40036, 40037), Misconfigured, "the template id is bad; check it in the console"),
    40125: Reaction(error=AccountBlocked, meaning="the secret is wrong; check secret in the settings"),
    40164: Reaction(error=AccountBlocked, meaning="this machine's IP is not in the account's IP allow-list; add it"),
    **each(range(41001, 41010), Rejected, "a parameter is missing"),
    42001: Reaction(error=TokenRefused, meaning="the access token has expired"),
    **each((42002, 42003, 42007), Rejected, "the OAuth grant has ended; start the authorisation again"),
    **each((43001, 43002, 43003), Rejected, "wrong HTTP method, or not HTTPS"),
    43004: Reaction(error=Unreachable, meaning="the person does not follow the account"),
    43005: Reaction(error=Unreachable, meaning="the person is not a contact"),
    43019: Reaction(error=Unreachable, meaning="the person is on the account's blacklist"),
    43101: Reaction(error=Unreachable, meaning="the person refuses this subscription message or no grant is left"),
    **each((44002, 44003, 44004), Rejected, "an empty body, news or text"),
    45001: Reaction(error=MediaTooLarge, meaning="the media is too large"),
    **each(range(45002, 45009), Rejected, "a size or length is over its limit"),
    45009: Reaction(error=QuotaExhausted, meaning="this API's quota of the day is used up", opens=Opens.NEXT_DAY),
    45011: Reaction(error=QuotaExhausted, meaning="too many calls this minute", opens=Opens.NEXT_MINUTE),
    45015: Reaction(error=WindowClosed, meaning="the reply window is closed or the person has left"),
    45028: Reaction(error=QuotaExhausted, meaning="the mass-send quota is used up", opens=Opens.NEXT_DAY),
    **each((45035, 61004), AccountBlocked, "this machine's IP is not registered with the platform"),
    45047: Reaction(error=QuotaExhausted, meaning="the replies to this person's last act are used up"),
    **each((45056, 45157, 45158, 45159), Rejected, "a tag is bad or there are too many"),
    45065: Reaction(error=None, meaning="this clientmsgid was sent before; counts as sent"),
    45066: Reaction(error=RetryLater, meaning="the same clientmsgid too soon", after=timedelta(seconds=60)),
    45067: Reaction(error=Rejected, meaning="the clientmsgid is too long"),
    **each((45083, 45084), Rejected, "bad sending speed"),
    46004: Reaction(error=Unreachable, meaning="the person does not exist"),
    47001: Reaction(error=Rejected, meaning="the platform cannot parse the request"),
    47003: Reaction(error=Rejected, meaning="a template parameter does not fit"),
    48001: Reaction(error=AccountBlocked, meaning="this account may not use this API"),
    48002: Reaction(error=Unreachable, meaning="the person has turned messages off"),
    48004: Reaction(error=AccountBlocked, meaning="this API has been banned for the account"),
    **each((48005, 48006), Rejected, "the material is in use, or the quota may not be cleared again this month"),
    48008: Reaction(error=Misconfigured, meaning="this account may not send this type of message"),
    50001: Reaction(error=Misconfigured, meaning="the person has not granted this API"),
    50002: Reaction(error=Unreachable, meaning="the person's account is limited"),
    50005: Reaction(error=Unreachable, meaning="the person does not follow the account"),
    61450: Reaction(error=RetryLater, meaning="the customer-service system failed"),
    **each(range(61451, 61458), Rejected, "a customer-service account's parameter is bad"),
    **each(range(65301, 65318), Rejected, "a conditional menu is bad"),
    9001002: Reaction(error=RetryLater, meaning="a service behind the platform is unavailable"),
}

TOKEN_ERRORS: ReactionTable = {
    **ERRORS,
    40001: Reaction(error=AccountBlocked, meaning="the secret is wrong; check secret in the settings"),
    **each((41002, 41004), AccountBlocked, "the app id or the secret is missing; check the settings"),
}
