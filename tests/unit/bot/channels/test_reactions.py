"""Error codes: every row of the platforms' tables is known, and each gives the error that tells what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.reactions import ReactionTable, error_for
from bot.channels.wechat import errors as wechat
from bot.channels.wecom import errors as wecom
from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    Misconfigured,
    QuotaExhausted,
    Rejected,
    RetryLater,
    TokenRefused,
    Unreachable,
    WindowClosed,
)

NOW = datetime(2026, 5, 4, 9, 30, 15, tzinfo=UTC)
#: The rows of the platforms' documentation that this project relies on.
WECHAT_CODES = [
    *(-1, 0, 40001, 40002, 40003, 40007, 40118, 40121, 40008, 40013, 40014, 40029, 40163, 40031, 40032, 40033),
    *(40035, 40038, 40036, 40037, 40125, 40164, *range(41001, 41010), 42001, 42002, 42003, 42007),
    *(43001, 43002, 43003, 43004, 43005, 43019, 43101, 44002, 44003, 44004, *range(45001, 45010), 45011, 45015),
    *(45028, 45035, 61004, 45047, 45056, 45157, 45158, 45159, 45065, 45066, 45067, 45083, 45084, 46004, 47001),
    *(47003, 48001, 48002, 48004, 48005, 48006, 48008, 50001, 50002, 50005, 61450, *range(61451, 61458)),
    *(*range(65301, 65318), 9001002),
]
WECOM_CODES = [
    *(-1, 6000, 40001, 40003, 40013, 40056, 40014, 42001, 40029, 40031, 40058, 40063, 40096, 40201, 41001, 41035),
    *(41041, 41045, 41054, 41048, 41050, 41051, 41053, 41063, 41064, 41065, 41072, 41080, 41081, 41082, 41093),
    *(41094, 41096, *range(42014, 42019), 42052, 43004, 43009, 43012, 45001, 45002, 45009, 45033, 48001, 48002),
    *(48004, 48006, 48007, 50001, 50002, 50003, 60031, 60011, 60021, 60020, 60111, 81013, 82001, 82002, 82003),
    *(84061, 84074, 84083, 84084, 86001, 86003, 86008, 90600, *range(90602, 90614), 93000, 93004, 93008),
    *(95000, 95004, 95001, 95002, 95003, 95007, 95011, 95012, 95013, 95014, 95019, 95016, 95017, 95023, 95018),
    *(95030, 95031, 301002, 301042, 301052, 301053, 301058, 301060, 301061, 701008, 846605, 846608, 853000),
]


@pytest.mark.parametrize(
    ("table", "codes"), [(wechat.ERRORS, WECHAT_CODES), (wecom.ERRORS, WECOM_CODES)], ids=["wechat", "wecom"]
)
def test_every_documented_code_has_a_reaction_and_a_meaning(table: ReactionTable, codes: list[int]) -> None:
    assert [code for code in codes if code not in table or not table[code].meaning] == []


@pytest.mark.parametrize(
    ("table", "code", "expected"),
    [
        (wechat.ERRORS, -1, RetryLater),
        (wechat.ERRORS, 40001, TokenRefused),
        (wechat.TOKEN_ERRORS, 40001, AccountBlocked),
        (wechat.ERRORS, 42001, TokenRefused),
        (wechat.ERRORS, 40164, AccountBlocked),
        (wechat.ERRORS, 48004, AccountBlocked),
        (wechat.ERRORS, 48008, Misconfigured),
        (wechat.ERRORS, 43004, Unreachable),
        (wechat.ERRORS, 43019, Unreachable),
        (wechat.ERRORS, 48002, Unreachable),
        (wechat.ERRORS, 45015, WindowClosed),
        (wechat.ERRORS, 45047, QuotaExhausted),
        (wechat.ERRORS, 45002, Rejected),
        (wechat.ERRORS, 31337, Rejected),
        (wecom.ERRORS, 40001, AccountBlocked),
        (wecom.ERRORS, 40014, TokenRefused),
        (wecom.ERRORS, 60020, AccountBlocked),
        (wecom.ERRORS, 81013, Unreachable),
        (wecom.ERRORS, 45033, RetryLater),
        (wecom.ERRORS, 95001, QuotaExhausted),
    ],
)
def test_a_code_becomes_the_error_that_says_what_to_do(
    table: ReactionTable, code: int, expected: type[ChannelError]
) -> None:
    error = error_for(table, code, request="POST /x", now=NOW)
    assert (type(error), getattr(error, "code", None)) == (expected, code)


@pytest.mark.parametrize("code", [0, 45065])
def test_success_and_already_sent_are_no_errors(code: int) -> None:
    assert error_for(wechat.ERRORS, code, request="POST /x", now=NOW) is None


@pytest.mark.parametrize(
    ("now", "code", "until"),
    [
        (NOW, 45009, datetime(2026, 5, 4, 16, 0, tzinfo=UTC)),
        (datetime(2026, 5, 4, 16, 0, tzinfo=UTC), 45009, datetime(2026, 5, 5, 16, 0, tzinfo=UTC)),
        (NOW, 45011, datetime(2026, 5, 4, 9, 31, tzinfo=UTC)),
        (NOW, 45047, None),
    ],
)
def test_a_quota_opens_at_midnight_in_china_at_the_next_minute_or_when_the_person_acts(
    now: datetime, code: int, until: datetime | None
) -> None:
    error = error_for(wechat.ERRORS, code, request="POST /x", now=now)
    assert isinstance(error, QuotaExhausted)
    assert error.until == until


def test_a_banned_address_does_not_ask_for_a_token_for_an_hour_though_messages_wait_a_minute() -> None:
    asked = error_for(wecom.TOKEN_ERRORS, 45009, request="GET /x", now=NOW)
    sent = error_for(wecom.ERRORS, 45009, request="POST /x", now=NOW)
    assert isinstance(asked, QuotaExhausted)
    assert isinstance(sent, QuotaExhausted)
    assert (asked.until, sent.until) == (NOW + timedelta(hours=1), NOW + timedelta(seconds=45))


def test_the_wait_a_code_asks_for_is_passed_on() -> None:
    error = error_for(wechat.ERRORS, 45066, request="POST /x", now=NOW)
    assert isinstance(error, RetryLater)
    assert error.after == timedelta(seconds=60)
