"""What the entries of the settings tree are made of: texts that must be filled in, addresses, positive numbers."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

#: What stands in examples where a value must be filled in (compared in lower case).
PLACEHOLDERS = ("changeme", "change-me", "change_me", "填写", "请填写", "待填", "<", "…", "xxxx", "your_", "your-")


def filled(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "没有填写")
    if any(text.strip().lower().startswith(placeholder) for placeholder in PLACEHOLDERS):
        raise PydanticCustomError("placeholder", "还是示例里的占位文字")
    return text


def _filled_secret(secret: SecretStr) -> SecretStr:
    filled(secret.get_secret_value())
    return secret


def _without_slash(address: str) -> str:
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        raise PydanticCustomError("address", "不是 http:// 或 https:// 开头的地址")
    return address.rstrip("/")


def _no_placeholder(secret: SecretStr) -> SecretStr:
    return _filled_secret(secret) if secret.get_secret_value() else secret


OptionalSecret = Annotated[SecretStr, AfterValidator(_no_placeholder)]
Filled = Annotated[str, AfterValidator(filled)]
FilledSecret = Annotated[SecretStr, AfterValidator(_filled_secret)]
Address = Annotated[str, AfterValidator(_without_slash)]
OptionalAddress = Annotated[str, AfterValidator(lambda address: _without_slash(address) if address else "")]
#: No time of ours is longer than a hundred years, and a moment that far ahead is still a date.
Positive = Annotated[float, Field(gt=0, le=876_600, allow_inf_nan=False)]
NO_SECRET = SecretStr("")


class Section(BaseModel):
    """A part of the tree: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
