"""The settings of accounts, and of the people who work for the insurer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from bot.settings_fields import NO_SECRET, Address, Filled, FilledSecret, OptionalSecret, Section
from content.rights import Role, Scope
from handlers.handover.post import HandedTo


class _Account(Section):
    """What the accounts of all channels share."""

    #: Also the callback path: /callback/{name}.
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Filled
    secret: FilledSecret
    callback_token: FilledSecret
    #: Empty only on an official account in plain mode.
    callback_aes_key: OptionalSecret = NO_SECRET
    previous_callback_token: SecretStr = NO_SECRET
    previous_callback_aes_key: SecretStr = NO_SECRET
    answers: Literal["passive", "active", "none"] = "passive"
    active_messages: bool = True

    @property
    def callback_path(self) -> str:
        return f"/callback/{self.name}"

    @property
    def is_plain(self) -> bool:
        """Whether its callbacks come unencrypted."""
        return False

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if not self.is_plain and not self.callback_aes_key.get_secret_value():
            raise PydanticCustomError("empty", "没有填写 callback_aes_key（只有明文模式的公众号可以不填）")
        return self


class WechatAccount(_Account):
    """An official account."""

    channel: Literal["wechat"] = "wechat"
    app_id: Filled
    original_id: Filled
    mode: Literal["safe", "compatible", "plain"] = "safe"
    api_base_url: Address = "https://api.weixin.qq.com"

    @property
    def realm(self) -> str:
        """The appid, within which an openid is unique."""
        return self.app_id

    @property
    def is_plain(self) -> bool:
        return self.mode == "plain"


class WecomAccount(_Account):
    """A WeCom application."""

    channel: Literal["wecom"] = "wecom"
    corp_id: Filled
    agent_id: Annotated[int, Field(gt=0)]
    #: The address book's own secret: with it `zhike sync` knows everybody, also beyond the application's range.
    contact_secret: OptionalSecret = NO_SECRET
    api_base_url: Address = "https://qyapi.weixin.qq.com"
    #: Where staff sign in to the console: the page inside WeCom's client, and the one with the code on a desk.
    client_base_url: Address = "https://open.weixin.qq.com"
    desk_base_url: Address = "https://login.work.weixin.qq.com"

    @property
    def realm(self) -> str:
        """The corpid, within which a userid is unique."""
        return self.corp_id


class KfAccount(_Account):
    """One account of WeChat customer service (微信客服)."""

    channel: Literal["kf"] = "kf"
    corp_id: Filled
    open_kfid: Filled
    api_base_url: Address = "https://qyapi.weixin.qq.com"
    #: There is no passive reply on this channel.
    answers: Literal["active", "none"] = "active"
    #: Who finds a person for customers who ask for one: the bot's line, or the queue of the platform.
    handover: HandedTo = HandedTo.PERSON
    #: What customers said before is history and never answered; None: before Zhike first served the account.
    answers_since: AwareDatetime | None = None

    @property
    def realm(self) -> str:
        """The corpid, within which an external_userid is unique."""
        return self.corp_id


AccountSettings = Annotated[WechatAccount | WecomAccount | KfAccount, Field(discriminator="channel")]


class BranchSettings(Section):
    """An office that lies below another; branches that staff name need no entry of their own."""

    name: Filled
    above: str = ""


class DepartmentSettings(Section):
    """What a WeCom department stands for here; those below it, too, unless they have a block of their own."""

    realm: Filled
    #: Its number in WeCom.
    department: Annotated[int, Field(ge=1)]
    branch: Filled
    #: Within the branch.
    team: str = ""
    role: Role = Role.AGENT


class StaffSettings(Section):
    """A person who works for the insurer, bound by the WeCom userid."""

    realm: Filled
    userid: Filled
    name: Filled
    role: Role = Role.AGENT
    branch: str = ""
    #: Within the branch.
    team: str = ""
    #: How far they see, where it is not what the role usually does.
    scope: Scope | None = None

    @model_validator(mode="after")
    def _lies_in_a_branch(self) -> Self:
        if self.team and not self.branch:
            raise PydanticCustomError("empty", "写了 team，却没有写 branch：团队属于机构")
        return self
