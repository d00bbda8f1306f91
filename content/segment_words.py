"""A segment's rule in words, one condition a line, for those who read it and not only for those who wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from content.attributes import Attributes, BadValue
from content.segment_checks import operands
from content.segments import ANY, Condition

_CHANNELS: Final = {
    "wechat": "公众号",
    "wecom": "企业微信",
    "kf": "微信客服",
    "contact": "客户联系",
    "aibot": "智能机器人",
}
_EVENTS: Final = {
    "message": "发消息",
    "click": "点菜单",
    "follow": "关注",
    "unfollow": "取消关注",
    "scan": "扫码",
    ANY: "任何行为",
}
_CONSENTS: Final = {
    "profile": "建立资料",
    "sensitive": "敏感资料",
    "marketing": "活动消息",
    "personalisation": "个性化",
    "archive": "会话存档",
}
_STATES: Final = {"unasked": "未问过", "asked": "问过未答", "granted": "同意", "refused": "拒绝", "withdrawn": "撤回"}
_DAYS: Final = {
    "start": "保单生效日",
    "end": "保单到期日",
    "paid_until": "保费交至日",
    "next_due": "下次应缴日",
    "callback_due": "回访截止日",
}
_SIGNS: Final = {"less": "小于", "at_most": "不大于", "more": "大于", "at_least": "不小于"}


class RuleWords:
    """Says rules; `titles`: what the segments are called."""

    def __init__(self, attributes: Attributes, titles: Mapping[str, str]) -> None:
        self._attributes = attributes
        self._titles = titles

    def lines(self, rule: Condition) -> list[tuple[int, str]]:
        """Return each condition with how deep it stands."""
        return [(sum(1 for part in place if isinstance(part, str)), self.line(each)) for place, each in rule.parts()]

    def line(self, rule: Condition) -> str:
        """Return one condition; of a group its head."""
        match rule.kind:
            case "all":
                return "同时满足："
            case "any":
                return "满足其一："
            case "not":
                return "不满足："
            case "fact":
                return self._fact(rule)
            case "tag":
                return f"有标签“{rule.tag}”" + ("" if rule.account is None else f"（账号 {rule.account}）")
            case "event":
                return _event(rule)
            case "follows":
                return "关注着任一账号" if rule.follows == ANY else f"关注着账号 {rule.follows}"
            case "channel":
                return f"在{_CHANNELS[rule.channel or '']}上有过联系"
            case "consent":
                states = rule.in_ or (rule.is_,)
                return f"“{_CONSENTS[rule.consent or '']}”的授权：" + "或".join(_STATES[str(each)] for each in states)
            case "policy":
                return _policy(rule)
            case _:
                return f"属于客群“{self._titles.get(rule.segment or '', rule.segment or '')}”"

    def _fact(self, rule: Condition) -> str:
        attribute = self._attributes.get(rule.fact or "")
        if attribute is None:
            return f"没有“{rule.fact}”这一项资料"
        try:
            compared = [attribute.show(each.json) for each in operands(rule, attribute)]
        except BadValue as bad:
            return f"{attribute.label}：{bad}"
        match rule.sign:
            case "is":
                return f"{attribute.label}：{compared[0]}"
            case "in":
                return f"{attribute.label}：" + "或".join(compared)
            case "between":
                return f"{attribute.label}在{compared[0]}到{compared[1]}之间"
            case "known":
                return f"{attribute.label}{'已知' if rule.known else '未知'}"
            case "month":
                return f"{attribute.label}在{'本月' if rule.month == 'this' else f'{rule.month}月'}"
            case "anniversary_within":
                return f"{attribute.label}的周年在 {rule.anniversary_within} 天内"
            case sign:
                return f"{attribute.label}{_SIGNS[sign]}{compared[0]}"


def _event(rule: Condition) -> str:
    counts = []
    if rule.at_least is not None:
        counts.append(f"至少 {rule.at_least} 次")
    if rule.at_most is not None:
        counts.append("没有" if rule.at_most == 0 and rule.at_least is None else f"至多 {rule.at_most} 次")
    when = "" if rule.days is None else f"最近 {rule.days} 天"
    return f"{when}{_EVENTS.get(rule.event or '', rule.event)}：" + "、".join(counts)


def _policy(rule: Condition) -> str:
    status = "" if rule.status is None else f"（状态 {rule.status}）"
    if rule.policy == ANY:
        return ("有" if rule.known else "没有") + f"已绑定的保单{status}"
    day = _DAYS[rule.policy or ""]
    if rule.within is not None:
        return f"{day}在今天起 {rule.within} 天内{status}"
    if rule.past is not None:
        return f"{day}在过去 {rule.past} 天内{status}"
    return f"{day}{'已知' if rule.known else '未知'}{status}"
