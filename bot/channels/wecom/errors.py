"""Error codes of WeCom and what each asks of the caller. Source: WeCom doc 90313, "global error codes".

Codes of customer contact, WeChat customer service and AI bots stand here too: the platform has one table.
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

_APPLICATION: ReactionTable = {
    -1: Reaction(error=RetryLater, meaning="the platform is busy"),
    0: Reaction(error=None, meaning="ok"),
    6000: Reaction(error=RetryLater, meaning="a concurrent change of the same data"),
    40001: Reaction(error=AccountBlocked, meaning="the secret is wrong or the application disabled; check secret"),
    40003: Reaction(error=Unreachable, meaning="there is no such userid"),
    40005: Reaction(error=NotAPicture, meaning="bad file type"),
    **each((40006, 40009), MediaTooLarge, "a file or picture of a bad size"),
    40007: Reaction(error=MediaGone, meaning="the media_id is bad or has expired; upload the media again"),
    40013: Reaction(error=AccountBlocked, meaning="bad corp id; check corp_id in the settings"),
    40056: Reaction(error=AccountBlocked, meaning="bad agent id; check agent_id in the settings"),
    40014: Reaction(error=TokenRefused, meaning="the access token is invalid"),
    42001: Reaction(error=TokenRefused, meaning="the access token has expired"),
    40029: Reaction(error=Rejected, meaning="the OAuth code is invalid or used; start the authorisation again"),
    40031: Reaction(error=Rejected, meaning="the list of userids is bad"),
    **each((40058, 40063), Rejected, "a parameter is bad or empty"),
    40201: Reaction(error=Rejected, meaning="the content hit the platform's spam filter"),
    41001: Reaction(error=Rejected, meaning="the access token is missing"),
    **each(range(42014, 42019), Rejected, "a task card's id or key is bad"),
    42052: Reaction(error=Rejected, meaning="the message is older than 24 h and cannot be recalled"),
    43004: Reaction(error=Unreachable, meaning="the member has not bound WeChat"),
    43009: Reaction(error=AccountBlocked, meaning="the enterprise is not verified"),
    43012: Reaction(error=Misconfigured, meaning="the application needs a callback URL for interactive cards"),
    45001: Reaction(error=MediaTooLarge, meaning="the media is too large"),
    45002: Reaction(error=Rejected, meaning="the content is too large"),
    # The quota's unit may be a minute, an hour, a day or a month and stands in the message only, which may change;
    # asking again once a minute costs one refused call, since the account's other messages wait for that one.
    45009: Reaction(error=QuotaExhausted, meaning="too many calls", opens=Opens.NEXT_MINUTE),
    45033: Reaction(error=RetryLater, meaning="too many calls of this API at once"),
    **each((48001, 48002, 48004, 48006), AccountBlocked, "the application may not use this API"),
    50001: Reaction(error=Misconfigured, meaning="the redirect domain is not trusted"),
    50002: Reaction(error=Unreachable, meaning="the member is out of the application's scope"),
    **each((50003, 60031), AccountBlocked, "the application is disabled or may not call APIs"),
    **each((60011, 60021), Unreachable, "the member is not visible to the application; check its scope"),
    60020: Reaction(error=AccountBlocked, meaning="this machine's IP is not trusted; add it to the application's IPs"),
    60111: Reaction(error=Unreachable, meaning="there is no such userid"),
    81013: Reaction(error=Unreachable, meaning="no receiver is valid and in the application's scope"),
    **each((82001, 82002, 82003), Rejected, "no receiver, or too many parties or tags"),
    **each((86001, 86003, 86008), Rejected, "the group chat is unknown or not the application's own"),
    90600: Reaction(error=Rejected, meaning="undocumented"),
    **each(range(90602, 90614), Rejected, "a meeting or grid parameter is bad"),
    **each((93000, 93004, 93008), Misconfigured, "the group's webhook is invalid, disabled or removed"),
    301002: Reaction(
        error=AccountBlocked, meaning="the token belongs to another application; check agent_id and secret"
    ),
    301042: Reaction(error=Misconfigured, meaning="this machine's IP is not in the archive's IP list"),
    **each((301052, 301053), Misconfigured, "the message archive has expired or is not opened"),
    **each((301058, 301060, 301061), Rejected, "an archive request is too big or its person absent"),
    701008: Reaction(error=Misconfigured, meaning="no interoperation licence"),
}

_CUSTOMERS: ReactionTable = {
    40096: Reaction(error=Unreachable, meaning="the external userid is another corporation's or out of scope"),
    41035: Reaction(error=Rejected, meaning="the external userid is missing"),
    **each((41041, 41045, 41054), Misconfigured, "a contact way's members are too many or not activated"),
    41048: Reaction(error=Rejected, meaning="there is no customer to send to"),
    41050: Reaction(error=Rejected, meaning="the welcome code is invalid or older than 20 s"),
    41051: Reaction(error=Rejected, meaning="the chat has started; a welcome is impossible"),
    41053: Reaction(error=WindowClosed, meaning="the customer has not consented to the archive"),
    41063: Reaction(error=RetryLater, meaning="the group message is still on its way", after=timedelta(seconds=10)),
    **each((41064, 41065, 41072, 41080, 41081, 41082), Rejected, "an attachment is of a bad type, number or size"),
    **each((41093, 41094, 41096), Rejected, "the task is cancelled, reminded enough, or the welcome is being sent"),
    84061: Reaction(error=Unreachable, meaning="the customer is no contact of the member"),
    84074: Reaction(error=Misconfigured, meaning="the application may not see external contacts"),
    84083: Reaction(error=Misconfigured, meaning="the member is not service staff"),
    84084: Reaction(error=Unreachable, meaning="the member does not follow the customer"),
    **each((95000, 95004), Misconfigured, "the open_kfid is bad or missing"),
    95001: Reaction(error=QuotaExhausted, meaning="five messages since the customer last spoke"),
    95002: Reaction(error=WindowClosed, meaning="48 h since the customer last spoke"),
    95003: Reaction(error=Misconfigured, meaning="the consultation cap of an unverified enterprise"),
    95007: Reaction(error=Rejected, meaning="the sync token is invalid or has expired"),
    **each((95011, 95012), Misconfigured, "the secret does not fit the mode of the customer service"),
    95013: Reaction(error=Unreachable, meaning="the session has ended"),
    **each((95014, 95019), Rejected, "the servicer is none, or pauses"),
    95016: Reaction(error=Rejected, meaning="the session cannot change to this state"),
    **each((95017, 95023), Misconfigured, "the customer-service API is switched off or given to another"),
    95018: Reaction(error=WindowClosed, meaning="the session's state forbids sending; a person has it"),
    95030: Reaction(error=Rejected, meaning="this type of message is forbidden"),
    95031: Reaction(error=WindowClosed, meaning="the customer has been silent for 48 h"),
    48007: Reaction(error=Misconfigured, meaning="the customer-service account is not authorised"),
    846605: Reaction(error=Rejected, meaning="the AI bot's req_id is invalid"),
    846608: Reaction(error=Rejected, meaning="the AI bot's stream has expired; send a new message"),
    853000: Reaction(error=Misconfigured, meaning="the AI bot's id or secret is wrong"),
}

ERRORS: ReactionTable = {**_APPLICATION, **_CUSTOMERS}

TOKEN_ERRORS: ReactionTable = {
    **ERRORS,
    # Mostly the ban of this machine's address after repeated wrong secrets, which lasts an hour.
    45009: Reaction(error=QuotaExhausted, meaning="gettoken was asked too often", opens=Opens.IN_AN_HOUR),
    **each((40063, 41002, 41004), AccountBlocked, "the corp id or the secret is missing; check the settings"),
}
