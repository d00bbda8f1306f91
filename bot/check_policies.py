"""What `zhike check` says of the source of policies: the folder of the nightly drop, or the insurer's service."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bot.check_settings import Finding
from bot.policies.drop import DONE, DropRefused, examine_drop
from bot.settings import Settings
from handlers.policies.ports import SourceDown

_SUBJECT: Final = "保单来源"
_FORM: Final = "请让保单系统按 docs/policies.md 的格式重新写一次，drop.json 最后写。"


def check_drop(settings: Settings, folder: Path, *, now: datetime) -> Finding:
    """Return what the folder of the nightly drop holds; nothing of it is loaded."""
    if not folder.is_dir():
        mend = "请改正 [policies] folder，或建好这个文件夹并让保单系统写进来。"
        return Finding.error(_SUBJECT, f"{folder} 不存在或不是文件夹。", mend)
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding.error(_SUBJECT, f"{folder} 不可读。", "请让运行知客的用户能读这个文件夹和里面的文件。")
    if not (folder / DONE).is_file():
        mend = f"请让保单系统每晚写好三个文件之后写 {DONE}；第一份到来之前，客户查不到保单。"
        return Finding.warn(_SUBJECT, f"{folder} 里还没有 {DONE}，没有保单可用。", mend)
    try:
        as_of = examine_drop(folder)
    except DropRefused as refused:
        return Finding.error(_SUBJECT, f"最新的保单文件不能用（{refused}）。", _FORM)
    age, stale = now - as_of, timedelta(hours=settings.policies.stale_hours)
    said = f"最新的保单文件是 {as_of:%Y-%m-%d %H:%M} 的"
    if age > stale:
        mend = "请查保单系统为什么没有写；只有确实更新得慢时，才调大 stale_hours。"
        sentence = f"{said}，已有 {_hours(age)}，超过 stale_hours（{_hours(stale)}），客户现在查不到保单。"
        return Finding.error(_SUBJECT, sentence, mend)
    return Finding.ok(_SUBJECT, f"{said}，三个文件都可读，表头相符。")


async def check_service(probe: Callable[[], Awaitable[object]]) -> Finding:
    """Return what asking the insurer's service found; `probe` raises SourceDown when it does not answer as it must."""
    try:
        await probe()
    except SourceDown as error:
        mend = "请核对 [policies] url 与 secret，并让保单系统按 docs/policies.md 回答：查无此人时答 404。"
        return Finding.error(_SUBJECT, f"保单系统没有按约定回答（{error}），客户现在查不到保单。", mend)
    return Finding.ok(_SUBJECT, "保单系统可以访问，没有拒绝密钥，对查无此人答 404。")


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} 小时"
