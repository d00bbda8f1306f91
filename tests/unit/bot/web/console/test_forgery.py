"""Which requests show that they come from our own pages."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.web.console.forgery import Forged, check_origin, token_of


def _check(headers: dict[str, str], *, public_url: str = "", required: bool = False) -> None:
    request = make_mocked_request("POST", "/console/x", headers={"Host": "desk.example.com:8443", **headers})
    check_origin(request, public_url=public_url, required=required)


@pytest.mark.parametrize(
    ("headers", "public_url"),
    [
        ({"Origin": "https://desk.example.com:8443"}, ""),
        ({"Origin": "http://desk.example.com:8443"}, ""),
        ({"Origin": "https://desk.example.com:8443", "Sec-Fetch-Site": "same-origin"}, ""),
        ({"Sec-Fetch-Site": "none"}, ""),
        ({"Origin": "https://public.example.com"}, "https://public.example.com"),
        ({"Origin": "https://public.example.com"}, "https://public.example.com:443/console/"),
        ({}, ""),
    ],
)
def test_our_own_pages_pass(headers: dict[str, str], public_url: str) -> None:
    _check(headers, public_url=public_url)


@pytest.mark.parametrize(
    ("headers", "public_url"),
    [
        ({"Origin": "https://desk.example.com"}, ""),
        ({"Origin": "https://desk.example.com:8443.evil.example"}, ""),
        ({"Origin": "https://evil@desk.example.com:8443"}, "https://public.example.com"),
        ({"Origin": "null"}, ""),
        ({"Origin": ""}, ""),
        ({"Origin": "https://desk.example.com:8443", "Sec-Fetch-Site": "cross-site"}, ""),
        ({"Origin": "http://public.example.com"}, "https://public.example.com"),
        ({"Origin": "https://desk.example.com:8443"}, "https://public.example.com"),
    ],
)
def test_others_do_not(headers: dict[str, str], public_url: str) -> None:
    with pytest.raises(Forged):
        _check(headers, public_url=public_url)


def test_where_nobody_is_signed_in_the_browser_must_say_where_it_comes_from() -> None:
    with pytest.raises(Forged, match="neither Origin nor Sec-Fetch-Site"):
        _check({}, required=True)


def test_a_token_belongs_to_one_secret_and_does_not_show_it() -> None:
    assert token_of("a") != token_of("b")
    assert token_of("a") == token_of("a")
    assert "secret-of-a-session" not in token_of("secret-of-a-session")
