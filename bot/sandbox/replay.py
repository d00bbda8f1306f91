"""What a restarted sandbox still knows, from its own record: the record is the one source, nothing else is saved.

Every push of an act is on record, and everything that was shown. A call of a server API or of the control API says
under `kept` what no other line says: a menu, a token, what WeCom remembers of a message, somebody new, a blacklist.
docs/testing.md lists what comes back and what is gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.sandbox.chats import Chats
from bot.sandbox.config import DepartmentConfig, MemberConfig, PersonConfig
from bot.sandbox.kf_account import KfAccount
from bot.sandbox.mass_book import MassState
from bot.sandbox.mass_sender import VIA, finish
from bot.sandbox.quota import MESSAGE, TAP, Grant
from bot.sandbox.record import Record
from bot.sandbox.shown import Shown, sender_of
from bot.sandbox.tokens import Family, TokenBook
from bot.sandbox.wecom_sent import SentBook
from bot.sandbox.world import Account, Follower, OfficialAccount, QrCode, Relation, WecomApp, World

_LINES_AT_ONCE = 5000
#: Acts and raw events that grant what a tap grants.
_TAPS = frozenset({"follow", "scan", "click", "scancode_push", "scancode_waitmsg", "subscribe", "SCAN", "CLICK"})
#: Fields of a line that say when and to whom; the rest of a shown line is what stands in the chat.
_ABOUT = frozenset({"n", "at", "more", "what", "account", "person"})
A = TypeVar("A", bound=OfficialAccount | WecomApp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Everything that a record brings back."""

    world: World
    chats: Chats
    sent: SentBook
    official_tokens: TokenBook[OfficialAccount]
    wecom_tokens: TokenBook[WecomApp]


async def replay(record: Record, memory: Memory) -> None:
    """Let `memory` be as the lines of an earlier run left it."""
    readers: dict[str, Callable[[dict[str, Any], Memory], None]] = {
        "push": _push,
        "shown": _shown,
        "call": _call,
        "mass_sent": _mass_sent,
        "recalled": _recalled,
    }
    after = 0
    while lines := await record.read(after=after, limit=_LINES_AT_ONCE):
        after += len(lines)
        for raw in lines:
            # Most lines are answers and plain calls, and leave nothing.
            if b'"what":"answer"' in raw or (b'"what":"call"' in raw and b'"kept":' not in raw):
                continue
            line = json.loads(raw)
            if line["what"] in readers:
                readers[line["what"]](line, memory)


def _account(line: dict[str, Any], world: World) -> Account | None:
    """Return the account of a line; None for one that the configuration no longer has."""
    name = line["account"]
    found = world.official.get(name) or world.apps.get(name) or world.desks.get(name)
    return found or world.contacts(name)


def _push(line: dict[str, Any], memory: Memory) -> None:
    account = _account(line, memory.world)
    if account is None or line["attempt"] != 1 or line.get("duplicate"):
        return
    if isinstance(account, OfficialAccount) and "mass_finished" in line.get("kept", {}):
        finished = account.mass.get(line["kept"]["mass_finished"])
        if finished is not None:
            finished.is_told = True
        return
    if isinstance(account, KfAccount):
        item = line["kept"]["kf"]
        if "external_userid" in item or "external_userid" in item.get("event", {}):
            account.external_userid(memory.world.person(line["person"]).id)
        account.add(item, at=line["kept"]["kf_at"])
    elif isinstance(account, OfficialAccount):
        _act(line, account, memory.world.person(line["person"]).id)
    elif line["kind"] == "unfollow":
        account.left.add(line["person"])
    elif line["kind"] == "follow":
        account.left.discard(line["person"])
    said = {"kind": line["kind"], "text": line["text"], "push": line["push"], "fields": line.get("fields", {})}
    speaker = line.get("speaker", "person")
    if speaker == "person":
        memory.chats.add((account.name, line["person"]), {"at": line["at"], "from": "person", **said})
    elif speaker:
        by = {"from": "account", "via": "servicer", "servicer": speaker}
        memory.chats.add((account.name, line["person"]), {"at": line["at"], **by, **said})


def _act(line: dict[str, Any], account: OfficialAccount, person: str) -> None:
    openid, kind = account.openid(person), line["kind"]
    account.last_act[openid] = line["at"]
    if kind == "unfollow":
        account.followers.pop(person, None)
        account.quota.close(openid)
        return
    # Only who follows can act; an older record has no line of those who were made followers without telling the bot.
    account.followers.setdefault(person, Follower(since=line["at"], scene=line.get("scene", "")))
    grant: Grant | None = MESSAGE if line["key"].startswith("m:") else TAP if kind in _TAPS else None
    if grant is not None:
        account.quota.trigger(openid, grant, now=line["at"])


def _shown(line: dict[str, Any], memory: Memory) -> None:
    account = _account(line, memory.world)
    if account is None:
        return
    if isinstance(account, OfficialAccount) and line["via"] == "custom_send":
        account.quota.take(account.openid(line["person"]), now=line["at"])
    if isinstance(account, OfficialAccount) and line["via"] == VIA:
        account.mass.receive(line["person"], now=line["at"])
    seen = {name: value for name, value in line.items() if name not in _ABOUT}
    memory.chats.add((account.name, line["person"]), {"at": line["at"], "from": sender_of(line["via"]), **seen})


def _call(line: dict[str, Any], memory: Memory) -> None:
    kept, at = line["kept"], line["at"]
    if not line["account"]:
        _somebody(kept, memory.world, at=at)
        return
    account = _account(line, memory.world)
    if account is None:
        return
    if "counted" in kept:
        account.calls.count(line["path"], now=at)
    if "cleared" in kept:
        account.calls.clear()
    if "menu" in kept:
        account.menu = kept["menu"]
    if isinstance(account, KfAccount):
        _desk(kept, memory.world, at=at)
        return
    if isinstance(account, WecomApp):
        if "sent" in kept:
            memory.sent.restore(account.name, kept["sent"], at=at)
        _token(kept, account, memory.wecom_tokens, at=at)
        return
    if "code" in kept:
        account.codes[kept["code"]["ticket"]] = QrCode(**kept["code"])
    if "crowd" in kept:
        account.gather(kept["crowd"]["prefix"], kept["crowd"]["count"], now=at)
    if "draft" in kept:
        account.drafts.add(kept["draft"]["articles"], now=at, media_id=kept["draft"]["media_id"])
    if "draft_gone" in kept:
        account.drafts.remove(kept["draft_gone"])
    if "mass_preview" in kept:
        account.mass.next_id()
    if "mass" in kept:
        _mass(kept["mass"], account, at=at)
    if "mass_deleted" in kept and (deleted := account.mass.get(kept["mass_deleted"])) is not None:
        deleted.state = MassState.DELETED
    if "tag" in kept:
        account.tag(kept["tag"]["name"], kept["tag"]["people"])
    if "relation" in kept:
        for person in kept["people"]:
            account.relate(memory.world.person(person).id, Relation(**kept["relation"]), now=at)
    _token(kept, account, memory.official_tokens, at=at)


def _mass(kept: dict[str, Any], account: OfficialAccount, *, at: float) -> None:
    described = dict(kept["message"])
    message = Shown(kind=described.pop("kind"), text=described.pop("text"), details=described)
    account.mass.add(message, kept["people"], key=kept["key"], now=at)
    if kept["to_all"]:
        account.mass.note_to_all(now=at)


def _mass_sent(line: dict[str, Any], memory: Memory) -> None:
    account = _account(line, memory.world)
    mass = account.mass.get(line["msg_id"]) if isinstance(account, OfficialAccount) else None
    if mass is not None:
        finish(mass, line)


def _desk(kept: dict[str, Any], world: World, *, at: float) -> None:
    """Restore what an API call did to a customer's session; the call's token may be another account's."""
    if "kf_sent" in kept:
        sent = kept["kf_sent"]
        account = world.desks[sent["account"]]
        account.sent_ids.add(sent["msgid"])
        account.session(sent["person"]).sent += int(sent["counts"])
    if "kf_state" in kept:
        moved = kept["kf_state"]
        session = world.desks[moved["account"]].session(moved["person"])
        session.state, session.servicer, session.changed_at = moved["state"], moved["servicer"], at
        session.replied = session.replied or moved["state"] in (2, 3)


def _somebody(kept: dict[str, Any], world: World, *, at: float) -> None:
    if "person" in kept:
        person = PersonConfig.model_validate(kept["person"])
        world.add_person(person)
        for account in filter(None, map(world.official.get, person.follows)):
            account.followers.setdefault(person.id, Follower(since=at))
    if "member" in kept and kept["corp_id"] in world.corps:
        world.corps[kept["corp_id"]].add_member(MemberConfig.model_validate(kept["member"]))
    if "department" in kept and kept["corp_id"] in world.corps:
        department = DepartmentConfig.model_validate(kept["department"])
        world.corps[kept["corp_id"]].departments[department.id] = department
    if "leaver" in kept and kept["corp_id"] in world.corps:
        world.corps[kept["corp_id"]].remove_member(kept["leaver"])


def _token(kept: dict[str, Any], account: A, tokens: TokenBook[A], *, at: float) -> None:
    if "token" in kept:
        issued = kept["token"]
        family, overlap = Family(issued["family"]), issued["overlap"]
        tokens.restore(issued["value"], account, family, now=at, overlap_seconds=overlap)
    if "ended" in kept:
        tokens.end(kept["ended"]["value"], now=at, superseded=kept["ended"]["superseded"])


def _recalled(line: dict[str, Any], memory: Memory) -> None:
    memory.sent.messages.forget(line["msgid"])
    memory.chats.recall(line["msgid"])
