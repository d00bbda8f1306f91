"""Pushes: what the platform tells the bot, again and again until it is answered or given up.

WeChat doc: passive replies. Attempts begin 0, 5 and 10 s after the act and end after 5 s; each has its own time, nonce
and signature, all carry the same message. The first accepted answer settles the push. Pushes of one person may overlap.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from bot.sandbox.answers import Answer, Reader, Result, read_doorbell
from bot.sandbox.chats import Chats
from bot.sandbox.clock import PlatformClock
from bot.sandbox.config import Rules
from bot.sandbox.envelope import Callback, Stamp, official_callback, wecom_callback
from bot.sandbox.faults import FaultBook, FaultKind
from bot.sandbox.kf_account import KfAccount
from bot.sandbox.record import Record
from bot.sandbox.shown import TIP, Shown, sender_of, text
from bot.sandbox.world import Account, OfficialAccount

_HOLD_BACK_SECONDS = 3.0


@dataclass(slots=True, kw_only=True)
class Push:
    """One message or event on its way to the bot."""

    id: str
    account: Account
    #: The person's id or the member's userid.
    person: str
    fields: dict[str, Any]
    key: str
    kind: str
    text: str
    #: How it ended: reply, empty, tip (official account gave up), refused (WeCom gave up); pending until then.
    result: str = "pending"
    shown: list[dict[str, Any]] = field(default_factory=list)
    #: A doorbell of customer service: what the phone draws, what a restarted sandbox must know, and who speaks
    #: ("person", a servicer's userid, or nobody).
    told: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    speaker: str = "person"

    @property
    def chat(self) -> tuple[str, str]:
        """The chat it belongs to."""
        return self.account.name, self.person


@dataclass(frozen=True, slots=True)
class Running:
    """A push and the task that carries it."""

    push: Push
    task: asyncio.Task[None]


class Pusher:
    """Carries pushes to the bot."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        clock: PlatformClock,
        record: Record,
        chats: Chats,
        faults: FaultBook,
        rules: Rules,
    ) -> None:
        self._session = session
        self._clock = clock
        self._record = record
        self._chats = chats
        self._faults = faults
        self._rules = rules
        # Every push leaves lines on the record, so numbers after the last line cannot meet those of an earlier run.
        self._numbers = itertools.count(record.last + 1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held_back: defaultdict[tuple[str, str], list[asyncio.Event]] = defaultdict(list)
        self.pending: Counter[tuple[str, str]] = Counter()

    def push(
        self,
        account: Account,
        person: str,
        *,
        fields: dict[str, Any],
        key: str,
        kind: str,
        text: str,
    ) -> Push:
        """Return a new push, not yet started."""
        number = f"p{next(self._numbers)}"
        return Push(id=number, account=account, person=person, fields=fields, key=key, kind=kind, text=text)

    def start(self, push: Push) -> Running:
        """Start carrying `push`; the task ends when it is settled or given up."""
        task = asyncio.create_task(self._carry(push), name=push.id)
        self._tasks.add(task)
        self.pending[push.chat] += 1
        task.add_done_callback(lambda done: self._finish(push, done))
        return Running(push, task)

    async def quiet(self, *, within_seconds: float) -> None:
        """Return when no push is under way, at the latest after so many real seconds."""
        if self._tasks and within_seconds > 0:
            await asyncio.wait(self._tasks, timeout=within_seconds)

    async def stop(self) -> None:
        """Drop what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, push: Push, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.pending[push.chat] -= 1
        if not self.pending[push.chat]:
            del self.pending[push.chat]
        self._chats.tell(push.chat, {"event": "settled", "push": push.id, "result": push.result})

    async def _carry(self, push: Push) -> None:
        await self._hold_back(push)
        if self._take(FaultKind.LOST_DOORBELL, push) is not None:
            push.result = "lost"
            await self._tell(push, {"push": push.id, "attempt": 1}, first=True)
            return
        begun = self._clock.now()
        for number, offset in enumerate(self._rules.attempt_offsets_seconds, start=1):
            await self._clock.sleep_until(begun + offset)
            await self._attempt(push, number)
            if push.result != "pending":
                return
        await self._give_up(push)

    async def _hold_back(self, push: Push) -> None:
        fault = self._take(FaultKind.REORDER_CALLBACK, push)
        if fault is not None:
            overtaken = asyncio.Event()
            self._held_back[push.chat].append(overtaken)
            try:
                async with self._clock.limit(_HOLD_BACK_SECONDS if fault.seconds is None else fault.seconds):
                    await overtaken.wait()
            except TimeoutError:
                pass

    async def _attempt(self, push: Push, number: int) -> None:
        if self._take(FaultKind.DUPLICATE_CALLBACK, push) is not None:
            await asyncio.gather(self._copy(push, number), self._copy(push, number, duplicate=True))
        else:
            await self._copy(push, number)

    async def _copy(self, push: Push, number: int, *, duplicate: bool = False) -> None:
        about = {"push": push.id, "attempt": number, **({"duplicate": True} if duplicate else {})}
        await self._tell(push, about, first=number == 1 and not duplicate)
        answer = await self._exchange(push)
        line: dict[str, Any] = {"what": "answer", **about, "status": answer.status, "result": answer.result.value}
        if answer.problem:
            line["problem"] = answer.problem
        if not answer.result.settles or push.result != "pending":
            await self._record.write(line)
            return
        push.result = answer.result.value
        await self._show(push, answer.shown, via="passive", before=line)

    async def _tell(self, push: Push, about: dict[str, Any], *, first: bool) -> None:
        """Put an attempt on record, the first one with all that it tells, and the words into the chat."""
        name, person = push.chat
        said = {"account": name, "person": person, "key": push.key, "kind": push.kind, "text": push.text}
        await self._record.write({"what": "push", **about, **said, **(_kept(push) if first else {})})
        if first and push.speaker:
            self._chats.add(push.chat, self._said(push))

    async def _exchange(self, push: Push) -> Answer:
        wrong = self._take(FaultKind.WRONG_SIGNATURE, push) is not None
        stamp = Stamp(timestamp=int(self._clock.now()), nonce=str(secrets.randbelow(10**10)), wrong_signature=wrong)
        callback = _callback(push, stamp)
        address = push.account.config.callback_url
        url = URL(f"{address}{'&' if '?' in address else '?'}{callback.query}", encoded=True)
        headers = {"Content-Type": callback.content_type, "User-Agent": "Mozilla/4.0"}
        # A new push overtakes what was held back as soon as it leaves.
        for overtaken in self._held_back.pop(push.chat, ()):
            asyncio.get_running_loop().call_soon(overtaken.set)
        try:
            async with (
                self._clock.limit(self._rules.attempt_seconds),
                self._session.post(url, data=callback.body, headers=headers, allow_redirects=False) as response,
            ):
                status, body = response.status, await response.read()
        except TimeoutError:
            return Answer(result=Result.TIMEOUT, problem=f"no answer within {self._rules.attempt_seconds:g} s")
        except aiohttp.ClientConnectorError as error:
            return Answer(result=Result.REFUSED, problem=str(error))
        except aiohttp.ClientError as error:
            return Answer(result=Result.RESET, problem=str(error) or type(error).__name__)
        if status != 200 and self._rules.status_settles:
            return Answer(result=Result.EMPTY, status=status)
        if isinstance(push.account, KfAccount):
            return read_doorbell(status, body)
        return _reader(push, self._rules, has_media=self._keeper(push)).read(status, body)

    def _keeper(self, push: Push) -> Callable[[str], bool]:
        store = push.account.media if isinstance(push.account, OfficialAccount) else push.account.corp.media
        return lambda media_id: store.get(media_id, now=self._clock.now()) is not None

    async def _give_up(self, push: Push) -> None:
        line = {"what": "gave_up", "push": push.id}
        # Nobody waits for an answer to what the platform says by itself.
        official = isinstance(push.account, OfficialAccount) and bool(push.speaker)
        push.result = "tip" if official else "refused"
        await self._show(push, text(TIP) if official else None, via="tip", before=line)

    async def _show(self, push: Push, message: Shown | None, *, via: str, before: dict[str, Any]) -> None:
        if message is None:
            await self._record.write(before)
            return
        name, person = push.chat
        seen = {"via": via, "push": push.id, **message.described()}
        await self._record.write(before, {"what": "shown", "account": name, "person": person, **seen})
        push.shown.append(seen)
        self._chats.add(push.chat, {"at": self._clock.now(), "from": sender_of(via), **seen})

    def _said(self, push: Push) -> dict[str, Any]:
        said = {"kind": push.kind, "text": push.text, "push": push.id, "fields": _told(push)}
        if push.speaker != "person":
            return {"at": self._clock.now(), "from": "account", "via": "servicer", "servicer": push.speaker, **said}
        return {"at": self._clock.now(), "from": "person", **said}

    def _take(self, kind: FaultKind, push: Push) -> Any:
        return self._faults.take(kind, account=push.account.name, people=frozenset({push.person}))


#: Fields of a message that the phone page draws.
_TOLD = ("MediaId", "PicUrl", "Url", "Description", "Label", "Location_X", "Location_Y")


def _told(push: Push) -> dict[str, Any]:
    return push.told or {name: push.fields[name] for name in _TOLD if name in push.fields}


def _kept(push: Push) -> dict[str, Any]:
    """Return what a restarted sandbox must know of the push and no other field of its line says."""
    told, scene = _told(push), ""
    if push.kept:
        speaker = {} if push.speaker == "person" else {"speaker": push.speaker}
        return {**({"fields": told} if told else {}), **speaker, "kept": push.kept}
    if push.fields.get("Event") == "subscribe":
        scene = str(push.fields.get("EventKey", "")).removeprefix("qrscene_")
    return {**({"fields": told} if told else {}), **({"scene": scene} if scene else {})}


def _callback(push: Push, stamp: Stamp) -> Callback:
    account, token = push.account, push.account.config.token
    if isinstance(account, OfficialAccount):
        return official_callback(
            push.fields,
            mode=account.config.mode,
            format=account.config.format,
            token=token,
            sealer=account.sealer,
            stamp=stamp,
            openid=push.fields["FromUserName"],
        )
    return wecom_callback(
        push.fields,
        corp_id=account.corp.config.corp_id,
        agent_id=None if isinstance(account, KfAccount) else account.config.agent_id,
        token=token,
        sealer=account.sealer,
        stamp=stamp,
    )


def _reader(push: Push, rules: Rules, *, has_media: Callable[[str], bool]) -> Reader:
    account = push.account
    official = isinstance(account, OfficialAccount)
    return Reader(
        channel=account.channel,
        mode=account.config.mode if isinstance(account, OfficialAccount) else "safe",
        format=account.config.format if isinstance(account, OfficialAccount) else "xml",
        token=account.config.token,
        sealer=account.sealer,
        account_id=push.fields["ToUserName"],
        person_id=push.fields["FromUserName"],
        has_media=has_media,
        xml_for_json=rules.json_accepts_xml,
        max_articles=rules.passive_articles if official else 8,
    )
