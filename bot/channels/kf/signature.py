"""Signatures of the callbacks of WeChat customer service: WeCom's, `bot.channels.wecom.signature`.

Source: WeCom docs 90238 (callbacks), 94699 (WeChat customer service, events).
"""

from __future__ import annotations

from bot.channels.wecom.signature import read_echo

__all__ = ["read_echo"]
