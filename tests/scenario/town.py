"""A town: the real sandbox, one or more real bot processes on a real database, and hands to play people with.

Everything goes through the public doors: the sandbox's control API, the bot's HTTP edge, its command line. Time is the
sandbox's virtual time, which only `advance` moves; waiting is done on the sandbox's record.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

from sqlalchemy import text as sql_text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.fakes.echo import write_echo
from tests.scenario.balancer import Balancer
from tests.scenario.places import PLACES, Place, sandbox_configuration, settings_text
from tests.scenario.processes import Child, run_command

#: Real seconds that anything a test waits for may take; a healthy one takes some hundredths.
PATIENCE: Final = 20.0
Line = dict[str, Any]


class TownError(AssertionError):
    """Something in the town is not as it must be; the text ends with the logs of its processes."""


class Town:
    """One sandbox and its bots. `roles`: the processes to start, by name; one in all roles when none are given."""

    def __init__(
        self,
        home: Path,
        database_url: str,
        *,
        clock: str = "virtual",
        places: Sequence[Place] = PLACES,
        people: Iterable[Mapping[str, Any]] = (),
        rules: Mapping[str, Any] | None = None,
        roles: Mapping[str, Sequence[str]] | None = None,
        **sections: Mapping[str, Any],
    ) -> None:
        self.home = home
        self.database_url = database_url
        self.is_sqlite = database_url.startswith("sqlite")
        self._roles = dict(roles or {"bot": ()})
        self._places = places
        self._is_virtual = clock == "virtual"
        self._sections = sections
        home.mkdir(parents=True, exist_ok=True)
        write_echo(home)
        config = sandbox_configuration(clock=clock, places=places, people=people, rules=rules)
        (home / "sandbox.json").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
        arguments = ["bot.sandbox", "--config", str(home / "sandbox.json"), "--port", "0"]
        self.sandbox = Child("sandbox", arguments, home=home)
        self.bots: dict[str, Child] = {}
        self.balancer = Balancer()

    def __enter__(self) -> Self:
        self.balancer.__enter__()
        try:
            self.sandbox.start()
            (self.home / "zhike.toml").write_text(
                settings_text(self.sandbox_url, places=self._places, **self._sections), "utf-8"
            )
            for name in self._roles:
                self.start_bot(name)
            self.listen_directly()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything, bots first: they hold connections to the sandbox."""
        for bot in self.bots.values():
            bot.kill()
        self.sandbox.kill()
        self.balancer.__exit__(None, None, None)

    # Processes

    @property
    def bot(self) -> Child:
        """The first bot process."""
        return next(iter(self.bots.values()))

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox.port}"

    def start_bot(self, name: str = "bot") -> None:
        """Start a bot process, again under the port it had before."""
        before = self.bots.get(name)
        port = before.port if before is not None else 0
        arguments = ["bot", "serve", *(part for role in self._roles[name] for part in ("--role", role))]
        child = Child(name, [*arguments, "--port", str(port)], home=self.home, database_url=self.database_url)
        child.start()
        self.bots[name] = child
        if (not self._roles[name] or "web" in self._roles[name]) and child.port not in self.balancer.ports:
            self.balancer.ports.append(child.port)

    def stop_bot(self, name: str = "bot") -> int:
        """Stop a bot process gracefully and return its exit code."""
        return self.bots[name].stop()

    def kill_bot(self, name: str = "bot") -> None:
        """SIGKILL a bot process."""
        self.bots[name].kill()

    def restart_bot(self, name: str = "bot") -> None:
        """Stop a bot process, whatever state it is in, and start it again."""
        self.bots[name].stop()
        self.start_bot(name)

    def listen_directly(self, *places: str) -> None:
        """Let the platform call the first bot process itself (all accounts when none are named)."""
        self._listen_at(self.bot.port, places)

    def listen_through_balancer(self, *places: str) -> None:
        """Let the platform call the balancer."""
        self._listen_at(self.balancer.port, places)

    def _listen_at(self, port: int, names: Sequence[str]) -> None:
        for name in names or [place.name for place in self._places]:
            self.change_account(name, callback_url=f"http://127.0.0.1:{port}/callback/{name}")

    # What people do and see

    def act(self, account: str | Place, person: str, act: str, *, wait: bool = True, **fields: Any) -> Line:
        """Let somebody do something; with `wait` return when the platform is done with it."""
        body = {"account": _name(account), "person": person, "act": act, "wait": wait, **fields}
        result: Line = self.control("POST", "/sandbox/act", body)
        return result

    def acts(self, acts: Iterable[Mapping[str, Any]], *, wait: bool = False) -> list[Line]:
        """Let many things be done, in this order."""
        found = self.control("POST", "/sandbox/acts", {"acts": [dict(act) for act in acts], "wait": wait})
        results: list[Line] = found["results"]
        return results

    def follow(self, account: str | Place, *people: str) -> None:
        """Let people follow an account, unseen by the bot."""
        self.control("POST", "/sandbox/relations", {"account": _name(account), "people": people, "following": True})

    def says(self, account: str | Place, person: str, words: str, **fields: Any) -> Line:
        """Let somebody write `words` and return what became of it."""
        return self.act(account, person, "text", text=words, **fields)

    def serves(self, account: str | Place, servicer: str, act: str, person: str = "", **fields: Any) -> Line:
        """Let a servicer of WeChat customer service do something; return when the platform has told the bot."""
        body = {"account": _name(account), "servicer": servicer, "act": act, "person": person, **fields}
        result: Line = self.control("POST", "/sandbox/kf/servicer", body)
        return result

    def picture(self, account: str | Place, data: bytes) -> str:
        """Let somebody's phone upload a picture; return the id under which the platform keeps it for three days."""
        path = f"/sandbox/media?{urlencode({'account': _name(account), 'type': 'image'})}"
        status, answer = _exchange(self.sandbox.port, "POST", path, body=data, content_type="image/png")
        if status != 200:
            raise self.error(f"POST {path}: {status} {answer.decode()}")
        return str(json.loads(answer)["media_id"])

    def pictures(self, account: str | Place, person: str) -> list[bytes]:
        """Return the pictures that a person has seen from the account, in order."""
        shown = [m for m in self.chat(account, person) if m["from"] == "account" and m.get("kind") == "image"]
        return [_exchange(self.sandbox.port, "GET", f"/sandbox/media/{m['media_id']}")[1] for m in shown]

    def chat(self, account: str | Place, person: str) -> list[Line]:
        """Return what stands in a person's chat."""
        found = self.control("GET", f"/sandbox/chat?{urlencode({'account': _name(account), 'person': person})}")
        messages: list[Line] = found["messages"]
        return messages

    def seen(self, account: str | Place, person: str) -> list[str]:
        """Return the words that a person has seen from the account, in order."""
        return [m["text"] for m in self.chat(account, person) if m["from"] == "account"]

    # Time, faults, the record

    def advance(self, seconds: float, *, step: float = 0.25, settle: float = 0.02) -> None:
        """Move the platform's time, and with it everybody's.

        After each step the bot gets up to `settle` real seconds to answer what is under way.
        """
        self.control("POST", "/sandbox/clock/advance", {"seconds": seconds, "step": step, "settle_seconds": settle})

    def now(self) -> int:
        """Return the platform's time in epoch seconds."""
        return int(self.control("GET", "/sandbox/clock")["now"])

    @contextmanager
    def fault(self, kind: str, **fields: Any) -> Iterator[str]:
        """Let something go wrong, until the end of the block."""
        found = self.control("POST", "/sandbox/faults", {"fault": kind, **fields})
        try:
            yield str(found["id"])
        finally:
            self.control("DELETE", f"/sandbox/faults/{found['id']}")

    def until_fault_hits(self, fault: str) -> None:
        """Return when a fault has happened."""

        def hit() -> bool:
            faults = self.control("GET", "/sandbox/faults")["faults"]
            return any(found["id"] == fault and found["hits"] > 0 for found in faults)

        self.until(hit, f"fault {fault} to happen")

    def change_account(self, account: str | Place, **fields: Any) -> None:
        """Change an account in the platform's console."""
        self.control("PATCH", f"/sandbox/accounts/{_name(account)}", fields)

    def mark(self) -> int:
        """Return the number of the record's newest line."""
        return int(self.control("GET", "/sandbox/record?after=1000000000")["last"])

    def record(self, *, after: int = 0, wait: float = 0.0, **wanted: Any) -> list[Line]:
        """Return the lines of the record with all of `wanted`; with `wait`, after at most so many real seconds."""
        lines: list[Line] = []
        while True:
            found = self.control("GET", f"/sandbox/record?after={after}&wait={wait}")
            lines += found["lines"]
            if len(found["lines"]) < 5000:
                break
            after, wait = found["last"], 0.0
        return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]

    def wait_for(self, count: int, *, after: int = 0, **wanted: Any) -> list[Line]:
        """Return the first `count` lines with all of `wanted` as soon as they are on the record."""
        found: list[Line] = []
        for _ in self._attempts(f"{count} lines with {wanted} after {after}"):
            found = self.record(after=after, **wanted)
            if len(found) >= count:
                break
        return found

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Return when `condition` holds."""
        for _ in self._attempts(what):
            if condition():
                return

    def _attempts(self, what: str) -> Iterator[None]:
        """Yield now and after every new line on the record (or a short while), until patience ends."""
        give_up = time.monotonic() + PATIENCE
        last = self.mark()
        while time.monotonic() < give_up:
            yield
            last = int(self.control("GET", f"/sandbox/record?after={last}&wait=0.1")["last"])
        raise self.error(f"waited {PATIENCE} s for {what}")

    # Doors of the bot

    def get(self, path: str, *, name: str = "") -> tuple[int, str]:
        """GET a page of a bot process."""
        port = self.bots[name].port if name else self.bot.port
        status, body = _exchange(port, "GET", path)
        return status, body.decode()

    def post(
        self, account: str | Place, query: str, body: bytes | Iterable[bytes], *, content_type: str = "text/xml"
    ) -> tuple[int, bytes]:
        """POST a callback to the bot as anybody on the network could; pieces go without a length."""
        path = f"/callback/{_name(account)}?{query}"
        return _exchange(self.bot.port, "POST", path, body=body, content_type=content_type)

    def command(self, *arguments: str, seconds: float = 60.0) -> CompletedProcess[str]:
        """Run `zhike ARGUMENTS` beside the running bot."""
        return run_command(*arguments, home=self.home, database_url=self.database_url, seconds=seconds)

    def export(self, account: str | Place | None = None) -> list[Line]:
        """Return the log as `zhike log export --clear` writes it: what was said is compared with what is logged."""
        chosen = ("--account", _name(account)) if account is not None else ()
        done = self.command("log", "export", "--clear", *chosen)
        if done.returncode != 0:
            raise self.error(f"zhike log export failed: {done.stderr}")
        # Not splitlines(): words may hold other line separators.
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def verify(self) -> CompletedProcess[str]:
        """Run `zhike log verify`."""
        return self.command("log", "verify")

    def log_lines(self, name: str = "bot") -> list[Line]:
        """Return what a bot process has logged."""
        return [json.loads(line) for line in self.bots[name].log.read_text("utf-8").split("\n") if line]

    # The database

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return rows of the bot's database."""
        return asyncio.run(run_query(self.database_url, query, values))

    def log_of(self, account: str | Place, person: str) -> list[tuple[Any, ...]]:
        """Return (direction, kind) of what the log holds of a person, in order of seq; cheaper than an export."""
        place = _place(account, self._places)
        external = person if place.channel == "wecom" else place.openid(person)
        query = (
            "SELECT m.direction, m.kind FROM message m JOIN identity i ON i.id = m.identity_id "
            "JOIN account a ON a.id = m.account_id WHERE a.name = :name AND i.external_id = :person ORDER BY m.seq"
        )
        return self.rows(query, name=place.name, person=external)

    def deliveries(self, account: str | Place, person: str) -> list[tuple[Any, ...]]:
        """Return (state, reason, attempts) of what went through the outbox to a person, in order."""
        place = _place(account, self._places)
        external = person if place.channel == "wecom" else place.openid(person)
        query = (
            "SELECT d.state, d.reason, d.attempts FROM delivery d JOIN identity i ON i.id = d.identity_id "
            "JOIN account a ON a.id = d.account_id WHERE a.name = :name AND i.external_id = :person ORDER BY d.id"
        )
        return self.rows(query, name=place.name, person=external)

    def until_state(self, account: str | Place, person: str, state: str) -> None:
        """Return when a delivery to a person is in `state`."""
        self.until(lambda: state in [s for s, _, _ in self.deliveries(account, person)], f"{person}: {state}")

    def settled(self, account: str | Place, person: str, count: int = 1) -> list[tuple[Any, ...]]:
        """Return `deliveries` once `count` of them are in an end state; virtual time goes on slowly meanwhile.

        The bot looks for what is due every half second. When the time of its next look was set while time jumped, that
        look lies beyond the jump.
        """
        ends = ("sent", "refused", "failed", "unknown")

        def done() -> bool:
            if sum(state in ends for state, _, _ in self.deliveries(account, person)) >= count:
                return True
            if self._is_virtual:
                self.advance(0.25)
            return False

        self.until(done, f"{count} settled deliveries to {person}")
        return self.deliveries(account, person)

    # Plumbing

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API. Raises TownError when it refuses or does not answer."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            status, answer = _exchange(self.sandbox.port, method, path, body=data, content_type="application/json")
        except OSError as error:
            raise self.error(f"{method} {path} {body or ''}: {error!r}") from error
        if status != 200:
            raise self.error(f"{method} {path} {body or ''}: {status} {answer.decode()}")
        return json.loads(answer)

    def error(self, what: str) -> TownError:
        """Return an error that ends with every process's log."""
        return TownError("\n".join([what, self.sandbox.tail(), *(bot.tail() for bot in self.bots.values())]))


def _name(account: str | Place) -> str:
    return account if isinstance(account, str) else account.name


def _place(account: str | Place, places: Sequence[Place]) -> Place:
    return account if isinstance(account, Place) else next(place for place in places if place.name == account)


def _exchange(
    port: int, method: str, path: str, *, body: bytes | Iterable[bytes] | None = None, content_type: str = ""
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE + 5)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": content_type} if content_type else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


async def run_query(url: str, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(sql_text(query), dict(values))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        await engine.dispose()
