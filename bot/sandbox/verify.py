"""The platform's check of a callback address. WeChat doc: access guide; WeCom doc: callback configuration."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from bot.sandbox.clock import PlatformClock
from bot.sandbox.config import Rules
from bot.sandbox.crypto import sign
from bot.sandbox.world import Account, OfficialAccount


class Verifier:
    """Asks the bot to prove that it knows the account's secrets."""

    def __init__(self, *, session: aiohttp.ClientSession, clock: PlatformClock, rules: Rules) -> None:
        self._session = session
        self._clock = clock
        self._rules = rules

    async def verify(self, account: Account) -> dict[str, Any]:
        """Return {"ok", "status", "body", "problem"}; `problem` is a sentence when the answer is wrong."""
        expected = str(secrets.randbelow(10**19))
        query = self._query(account, expected)
        address = account.config.callback_url
        url = URL(f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", encoded=True)
        seconds = self._rules.attempt_seconds
        if not isinstance(account, OfficialAccount):
            seconds = self._rules.wecom_verify_seconds
        try:
            async with self._clock.limit(seconds), self._session.get(url, allow_redirects=False) as response:
                status, body = response.status, (await response.read()).decode("utf-8", "replace")
        except TimeoutError:
            return {"ok": False, "status": None, "body": "", "problem": f"{seconds:g} 秒内没有回答"}
        except aiohttp.ClientError as error:
            return {"ok": False, "status": None, "body": "", "problem": f"连接不上回调地址：{error}"}
        problem = ""
        if status != 200:
            problem = f"回答的状态码是 {status}，应为 200"
        elif body != expected:
            problem = "回答的内容不是 echostr 的明文，请检查 Token 和 EncodingAESKey"
        return {"ok": not problem, "status": status, "body": body[:200], "problem": problem}

    def _query(self, account: Account, echo: str) -> dict[str, str]:
        token, timestamp, nonce = account.config.token, str(int(self._clock.now())), str(secrets.randbelow(10**10))
        if isinstance(account, OfficialAccount):
            signature = sign(token, timestamp, nonce)
            return {"signature": signature, "echostr": echo, "timestamp": timestamp, "nonce": nonce}
        encrypted = account.sealer.encrypt(echo.encode())
        signature = sign(token, timestamp, nonce, encrypted)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": encrypted}
