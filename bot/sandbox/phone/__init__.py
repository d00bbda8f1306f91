"""The phone page of the sandbox: a person chats in the browser as any customer or member of staff."""

from __future__ import annotations

from bot.sandbox.phone.phone import routes

__all__ = ["routes"]
