"""What `zhike check` says of an account of WeChat customer service after asking the platform about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bot.check_settings import Finding
from bot.settings import SETTINGS_FILE
from handlers.delivery.errors import ChannelError, Misconfigured

_WRONG_SECRET: Final = (
    "secret 不能调用微信客服的接口（{error}）。",
    "请在企业微信管理后台「微信客服 → 可调用接口的应用」里加上自建应用，账号 {name} 的 secret 取自那个应用；"
    "较早开通的企业请用微信客服自己的 Secret。",
)
_SWITCHED_OFF: Final = (
    "微信客服的接口没有打开，或交给了别的应用（{error}）。",
    "请在企业微信管理后台「微信客服」页打开 API，并交给账号 {name} 所用的应用。",
)
#: What a refusal of kf/account/list means and its mend, by code. WeCom doc 90313: global error codes.
_REFUSALS: Final = {
    48002: _WRONG_SECRET,
    95011: _WRONG_SECRET,
    95012: _WRONG_SECRET,
    95017: _SWITCHED_OFF,
    95023: _SWITCHED_OFF,
    60020: (
        "本机的出口 IP 不在应用的企业可信 IP 里（{error}）：取得到访问凭证，但消息取不到也发不出去。",
        "请在企业微信管理后台的应用详情页，把本机的出口 IP 加入「企业可信 IP」，约一分钟后生效。",
    ),
}
_NOT_THIS_ACCOUNT: Final = (
    "这个 secret 管不到 open_kfid 所指的客服账号（{error}）。",
    f"请在 {SETTINGS_FILE} 里把账号 {{name}} 的 open_kfid 改为客服账号详情页上的，并在后台把这个客服账号交给应用管理。",
)


async def check_desk(name: str, probe: Callable[[], Awaitable[object]]) -> Finding:
    """Return what asking about one account found; `probe` raises ChannelError when it is not as it must be."""
    subject = f"账号 {name} 的客服账号"
    try:
        await probe()
    except Misconfigured as error:
        sentence, mend = _REFUSALS.get(error.code or 0, _NOT_THIS_ACCOUNT)
        return Finding.error(subject, sentence.format(error=error), mend.format(name=name))
    except ChannelError as error:
        mend = "请检查网络、代理和 api_base_url；平台繁忙时稍后再试。"
        return Finding.warn(subject, f"现在查不到客服账号，open_kfid 没有核对（{error}）。", mend)
    return Finding.ok(subject, "secret 可以管理这个客服账号，本机的 IP 可以调用。")
