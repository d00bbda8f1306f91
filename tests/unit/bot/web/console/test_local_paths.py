"""Where a sign-in may lead on."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.console.local_paths import local_path


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/",
        "/console/customers",
        "/console/customers?person=a%20b&before=3",
        "/console/customers/12#talk",
        "/console?x=//evil.example",
        "/console/customers?person=https://x/../..",
    ],
)
def test_a_page_of_the_console_may_follow(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "customers",
        "/consolex",
        "/api/v1",
        "//evil.example/console",
        "///evil.example/console",
        "/\\evil.example/console",
        "/console\\..\\..",
        "/console/../callback",
        "/console/%2e%2e/callback",
        "/console/%252e%252e/callback",
        "/console/.%2e/x",
        "/console/..%2fx",
        "/console/..%5cx",
        "/console//evil.example",
        "https://evil.example/console",
        "https:/console",
        "javascript:alert(1)//console",
        " /console",
        "/console\r\nSet-Cookie: x=y",
        "/con\tsole",
        "/console/客户",
        "http://[/console",
        f"/console/{'x' * 1000}",
    ],
)
def test_nothing_else_may(path: str) -> None:
    assert local_path(path) is None


@given(
    st.text(alphabet="/\\.%2e5cf:?#@consle \t-x", max_size=30).map(lambda tail: f"/console{tail}")
    | st.text(max_size=40)
)
def test_whatever_passes_stays_on_the_host_below_the_console(text: str) -> None:
    if local_path(text) is not None:
        led = urlsplit(urljoin("https://desk.example.com/console/sign-in", text))
        assert (led.scheme, led.netloc) == ("https", "desk.example.com")
        assert led.path == "/console" or led.path.startswith("/console/")
