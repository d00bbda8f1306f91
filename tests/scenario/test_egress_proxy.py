"""Calls to the platforms go through the proxy that the environment names; calls to a sandbox do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.outbound import open_http
from bot.settings import ClockSettings, Settings
from tests.scenario.places import SERVICE, settings_text
from tests.scenario.processes import run_command


class _Proxy(ThreadingHTTPServer):
    """A forward proxy that leads nowhere and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy

    def _refuse(self) -> None:
        self.server.asked.append(f"{self.command} {self.path.partition('?')[0]}")
        self.send_error(502)

    do_GET = do_POST = do_CONNECT = _refuse  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    """Return a proxy that listens."""
    with _Proxy() as started:
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield started
        started.shutdown()


@pytest.mark.parametrize(
    ("address", "variable", "asked"),
    [
        ("https://api.platform.test", "HTTPS_PROXY", "CONNECT api.platform.test:443"),
        ("http://api.platform.test", "HTTP_PROXY", "POST http://api.platform.test/cgi-bin/stable_token"),
    ],
)
def test_the_platforms_are_called_through_the_proxy(
    home: Path, proxy: _Proxy, address: str, variable: str, asked: str
) -> None:
    home.mkdir()
    text = settings_text("http://127.0.0.1:9", places=(SERVICE,), clock={"sandbox_url": ""})
    (home / "zhike.toml").write_text(text.replace("http://127.0.0.1:9/oa", address), "utf-8")
    run_command("check", home=home, more={variable: proxy.url})
    assert asked in proxy.asked


async def test_a_sandbox_is_called_directly(tmp_path: Path) -> None:
    async with (
        open_http(Settings(home=tmp_path)) as real,
        open_http(Settings(home=tmp_path, clock=ClockSettings(sandbox_url="http://127.0.0.1:9700"))) as trial,
    ):
        assert (real.trust_env, trial.trust_env) == (True, False)
