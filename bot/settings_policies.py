"""The settings of the policy source and of the codes that are sent before policies are shown."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from bot.settings_fields import NO_SECRET, OptionalAddress, OptionalSecret, Positive, Section

#: The key makes codes: as long as the digest's block asks for (RFC 2104: no shorter than its output).
_KEY_BYTES = 32


class PolicySettings(Section):
    """Where policies are looked up; `none`: customers are not answered about their own."""

    source: Literal["none", "csv", "rest"] = "none"
    #: csv: the folder of the nightly drop; relative to the data folder.
    folder: str = ""
    #: csv: a drop that is older is not shown.
    stale_hours: Positive = 48
    #: rest: the insurer's service, and its bearer secret.
    url: OptionalAddress = ""
    secret: OptionalSecret = NO_SECRET
    #: The gateway for text messages, and its bearer secret.
    codes_url: OptionalAddress = ""
    codes_secret: OptionalSecret = NO_SECRET
    #: Makes the codes; 32 bytes or more, the same on every process.
    code_key: OptionalSecret = NO_SECRET
    code_minutes: Positive = 5
    #: After a right code policies are shown for so long.
    known_minutes: Positive = 15
    #: Attempts to bind, and codes, of one person in 24 hours.
    attempts: Annotated[int, Field(ge=1, le=100)] = 5

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.source == "none":
            return self
        if self.source == "csv" and not self.folder:
            raise PydanticCustomError("empty", "source 是 csv，却没有写 folder：保单文件每晚放在哪个目录")
        if self.source == "rest" and not (self.url and _is_set(self.secret)):
            raise PydanticCustomError("empty", "source 是 rest，却没有写 url 和 secret：保单系统的地址和密钥")
        if not (self.codes_url and _is_set(self.codes_secret)):
            raise PydanticCustomError("empty", "没有写 codes_url 和 codes_secret：给客户发验证码的短信网关")
        if len(self.code_key.get_secret_value().encode()) < _KEY_BYTES:
            raise PydanticCustomError("empty", "code_key 至少要 32 个字节：它用来生成验证码，所有进程相同")
        return self


def _is_set(secret: SecretStr) -> bool:
    return bool(secret.get_secret_value())
