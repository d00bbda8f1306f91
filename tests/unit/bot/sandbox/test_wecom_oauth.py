"""What WeCom's sign-in addresses must say, and how often and how long a code counts."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.config import Rules, parse_config
from bot.sandbox.errors import ApiError
from bot.sandbox.wecom_oauth import Codes, Refused, read_client_address, read_desk_address
from bot.sandbox.wecom_oauth_page import choosing_page, refusing_page
from bot.sandbox.world import WecomApp, World

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
NOW = 1767600000.0
CLIENT = {
    "appid": "ww1",
    "agentid": "1000002",
    "redirect_uri": "https://bot.example.com/console/back?a=1",
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "S1",
}
DESK = {"login_type": "CorpApp", **{k: v for k, v in CLIENT.items() if k not in ("response_type", "scope")}}


def _app(name: str, agent_id: int, trusted_domain: str) -> dict[str, Any]:
    keys = {"secret": name, "token": "t", "aes_key": AES_KEY, "callback_url": "http://127.0.0.1:1/callback"}
    return {"name": name, "title": f"《{name}》", "agent_id": agent_id, "trusted_domain": trusted_domain, **keys}


@pytest.fixture
def world() -> World:
    """Return two enterprises: one whose applications trust one domain, another, and any; one beside it."""
    config = {
        "wecom": [
            {
                "corp_id": "ww1",
                "title": "安心保险",
                "apps": [
                    _app("one", 1000002, "bot.example.com"),
                    _app("port", 1000003, "bot.example.com:8443"),
                    _app("any", 1000004, ""),
                ],
                "members": [{"userid": "ZhangWei", "name": "张伟"}, {"userid": "x", "name": "<b>&"}],
            },
            {"corp_id": "ww2", "title": "别家", "apps": [_app("other", 1000002, "")]},
        ],
    }
    return World(parse_config(config, source="test"), now=NOW, lines_on_record=0)


def _named(world: World, name: str) -> WecomApp:
    app = world.account(name)
    assert isinstance(app, WecomApp)
    return app


def test_an_address_of_either_page_leads_back_with_the_code_and_the_state(world: World) -> None:
    for asked in (read_client_address(world, CLIENT), read_desk_address(world, DESK)):
        assert asked.app.name == "one"
        assert asked.address(code="C") == "https://bot.example.com/console/back?a=1&code=C&state=S1"
        assert asked.address() == "https://bot.example.com/console/back?a=1&state=S1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"appid": "ww9"}, "appid"),
        ({"agentid": "1"}, "agentid"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": ""}, "scope"),
        ({"state": "a_b"}, "state"),
        ({"state": "a" * 129}, "state"),
        ({"redirect_uri": ""}, "redirect_uri"),
        ({"redirect_uri": "/console"}, "redirect_uri"),
        ({"redirect_uri": "javascript://bot.example.com/%0aalert(1)"}, "redirect_uri"),
        ({"redirect_uri": "https://bot.example.com@evil.example/"}, "redirect_uri"),
        ({"redirect_uri": "https://evil.example/"}, "可信域名"),
        ({"redirect_uri": "https://www.bot.example.com/"}, "可信域名"),
        ({"redirect_uri": "https://bot.example.com:8443/"}, "可信域名"),
        ({"redirect_uri": "https://bot.example.com/", "agentid": "1000003"}, "可信域名"),
    ],
)
def test_an_address_with_a_mistake_is_refused_with_the_parameter_that_is_wrong(
    world: World, change: dict[str, str], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        read_client_address(world, {**CLIENT, **change})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"login_type": "ServiceApp"}, "login_type"),
        ({"agentid": ""}, "agentid"),
        ({"redirect_uri": "https://evil.example/"}, "可信域名"),
    ],
)
def test_the_page_on_a_desk_is_as_strict(world: World, change: dict[str, str], says: str) -> None:
    with pytest.raises(Refused, match=says):
        read_desk_address(world, {**DESK, **change})


@pytest.mark.parametrize(
    ("agent", "host", "app"),
    [
        ("1000002", "BOT.example.com", "one"),
        ("1000003", "bot.example.com:8443", "port"),
        ("1000004", "anything.example:1", "any"),
        ("", "bot.example.com:8443", "port"),
    ],
)
def test_the_domain_must_be_the_trusted_one_with_its_port(world: World, agent: str, host: str, app: str) -> None:
    asked = read_client_address(world, {**CLIENT, "agentid": agent, "redirect_uri": f"https://{host}/x"})
    assert asked.app.name == app


def _errcode(codes: Codes, code: str, app: WecomApp, *, now: float) -> int:
    with pytest.raises(ApiError) as refused:
        codes.take(code, app, now=now)
    return refused.value.errcode


def test_a_code_counts_once(world: World) -> None:
    codes, app = Codes(), _named(world, "one")
    code = codes.issue(read_client_address(world, CLIENT), {"userid": "ZhangWei"}, now=NOW)
    assert codes.take(code, app, now=NOW + 299) == {"userid": "ZhangWei"}
    assert _errcode(codes, code, app, now=NOW + 299) == 40029


def test_a_code_counts_for_five_minutes(world: World) -> None:
    codes = Codes()
    code = codes.issue(read_client_address(world, CLIENT), {"userid": "ZhangWei"}, now=NOW)
    codes.issue(read_client_address(world, CLIENT), {"userid": "x"}, now=NOW + 200)
    assert _errcode(codes, code, _named(world, "one"), now=NOW + 300) == 40029


def test_a_code_that_was_never_given_out_counts_for_nobody(world: World) -> None:
    assert _errcode(Codes(), "guess", _named(world, "one"), now=NOW) == 40029


def test_a_code_of_one_enterprise_is_worth_nothing_to_another(world: World) -> None:
    codes = Codes()
    code = codes.issue(read_client_address(world, CLIENT), {"userid": "ZhangWei"}, now=NOW)
    assert _errcode(codes, code, _named(world, "other"), now=NOW) == 40029


def test_an_application_that_does_not_trust_the_domain_is_not_told_who_went_there(world: World) -> None:
    codes = Codes()
    code = codes.issue(read_client_address(world, CLIENT), {"userid": "ZhangWei"}, now=NOW)
    assert _errcode(codes, code, _named(world, "port"), now=NOW) == 50001


def test_names_and_parameters_are_text_on_the_page(world: World) -> None:
    query = {**CLIENT, "state": '"><script>'}
    page = choosing_page(_named(world, "one"), query).text
    assert page is not None
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert "<script" not in (refusing_page("<script>").text or "")


def test_an_application_trusts_any_domain_unless_one_is_named() -> None:
    config = parse_config({"wecom": [{"corp_id": "w", "title": "t", "apps": [_app("a", 1, "")]}]}, source="test")
    world = World(config, now=NOW, lines_on_record=0)
    assert world.rules == Rules()
    query = {**CLIENT, "appid": "w", "agentid": "1", "redirect_uri": "http://127.0.0.1:8080/x"}
    assert read_client_address(world, query).app.name == "a"
