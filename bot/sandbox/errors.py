"""What the sandbox refuses.

ApiError      a server API answers with an errcode; the caller is the bot
ControlError  the control API answers with a status and a sentence; the caller is a person, a page or a test
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A server API refuses the call with the platform's `errcode`; `payload` is added to the answer."""

    def __init__(self, errcode: int, detail: str = "", *, payload: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"errcode {errcode} {detail}".strip())
        self.errcode = errcode
        self.detail = detail
        self.payload: Mapping[str, Any] = payload or {}


class ControlError(Exception):
    """The control API refuses: `status` is the HTTP status, `sentence` tells the person what to do instead."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
