"""Every sentence the bot says by itself; what people ask about is in answers, menu and welcome."""

from __future__ import annotations

from typing import Final

from content.authored import Authored, Words

#: Slots that a text may hold beside `{account}` and `{hotline}`.
TEXT_SLOTS: Final = {
    "staff_welcome": frozenset({"name"}),
    "staff_whoami": frozenset({"name", "userid", "role", "branch"}),
    "staff_unbound": frozenset({"userid"}),
}


class Roles(Authored):
    """What people call the roles of staff."""

    agent: Words
    supervisor: Words
    compliance: Words
    campaign_manager: Words
    administrator: Words
    #: Younger than the file of an insurer may be, so they have a name of their own.
    reviewer: Words = "审核员"
    analyst: Words = "分析师"


class Texts(Authored):
    """The bot's own sentences. `{account}` and `{hotline}` may stand in each."""

    #: Nothing matched: says so, offers the menu and a person.
    fallback: Words
    #: A menu button or an option that no longer leads anywhere.
    choice_unknown: Words
    #: A voice message without a transcript: could not be heard; offers typing or a person.
    voice_unknown: Words
    image_received: Words
    video_received: Words
    location_received: Words
    link_received: Words
    #: Younger than the files of an insurer may be, so they have words of their own.
    file_received: Words = "文件收到了。我无法打开文件，请用文字告诉我您想了解什么；要交给同事看，请发送「人工」。"
    shared_received: Words = "收到了。我看不懂名片、小程序这类内容，请用文字告诉我您想了解什么。"
    #: Marketing is off now; service goes on.
    opted_out: Words
    already_opted_out: Words
    opted_in: Words
    already_opted_in: Words
    #: A member of staff enters the application's scope: `{name}`.
    staff_welcome: Words
    staff_help: Words
    #: `{name}`, `{userid}`, `{role}`, `{branch}`.
    staff_whoami: Words
    #: A member that no setting binds: `{userid}`; how to be bound.
    staff_unbound: Words
    #: As `choice_unknown`; the application may have no menu.
    staff_choice_unknown: Words
    staff_fallback: Words
    #: Shown for a member of staff without a branch.
    staff_no_branch: Words
    roles: Roles
