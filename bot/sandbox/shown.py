"""What the person sees: one shape for passive replies, customer-service messages and WeCom messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TEXT_BYTES = 2048
#: What an official account's person sees after the last attempt has failed.
TIP = "该公众号提供的服务出现故障，请稍后再试"


def sender_of(via: str) -> str:
    """Return whose bubble a message that came by `via` is in the chat."""
    return "system" if via == "tip" else "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message in the person's chat; `text` is what a reader of the record needs, `details` the rest of it."""

    kind: str
    text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """Return it as fields of a line on record or of a chat message."""
        return {"kind": self.kind, "text": self.text, **self.details}


def truncated(text: str, *, size: int = TEXT_BYTES) -> str:
    """Return the longest beginning of `text` of at most `size` UTF-8 bytes that ends with a whole character."""
    return text.encode()[:size].decode(errors="ignore")


def text(content: str) -> Shown:
    """Return a text message."""
    return Shown(kind="text", text=content)


def media(kind: str, media_id: str, **details: str) -> Shown:
    """Return an image, voice, video or file."""
    return Shown(kind=kind, text=details.get("title", ""), details={"media_id": media_id, **details})


def news(articles: list[dict[str, str]], *, kind: str = "news") -> Shown:
    """Return cards with title, description, url and picurl."""
    return Shown(kind=kind, text="\n".join(a.get("title", "") for a in articles), details={"articles": articles})


def menu(head: str, options: list[dict[str, str]], tail: str) -> Shown:
    """Return a question with choices, each {"id", "label"}."""
    lines = [head, *(option["label"] for option in options), tail]
    return Shown(
        kind="menu",
        text="\n".join(line for line in lines if line),
        details={"head": head, "options": options, "tail": tail},
    )


def card(kind: str, payload: Mapping[str, Any]) -> Shown:
    """Return any other message: its payload stands under the name of its kind."""
    title = payload.get("title") or payload.get("content") or ""
    return Shown(kind=kind, text=str(title), details={kind: dict(payload)})
