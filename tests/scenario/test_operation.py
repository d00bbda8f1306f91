"""What an operator sees: health, metrics, logs without secrets, tampering named, honest refusals to start."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.scenario.conftest import OpenTown
from tests.scenario.places import ACTIVE, ASSISTANT, PLACES, ROTATING, SERVICE, Place, settings_text
from tests.scenario.processes import run_command
from tests.scenario.town import Town

_WRONG_SECRET = Place(name="wrong-secret", settings={"answers": "active"})
_METRICS = (
    "zhike_callbacks_total",
    "zhike_callback_seconds_bucket",
    "zhike_deliveries_open",
    "zhike_conversations_held",
    "zhike_oldest_unhandled_seconds",
)


def test_a_serving_bot_is_live_and_ready(town: Town) -> None:
    assert town.get("/health/live") == (200, '{"status": "live"}')
    assert town.get("/health/ready") == (200, '{"status": "ready"}')


def test_the_metrics_count_callbacks_by_account_and_outcome(town: Town) -> None:
    town.follow(SERVICE, "counted")
    town.says(SERVICE, "counted", "你好")
    town.post(SERVICE, "", b"")
    status, text = town.get("/metrics")
    assert status == 200
    assert [name for name in _METRICS if name not in text] == []
    assert re.search(r'zhike_callbacks_total\{account="safe-xml",outcome="replied"\} [1-9]', text)
    assert re.search(r'zhike_callbacks_total\{account="safe-xml",outcome="missing_parameter"\} [1-9]', text)


def test_the_open_deliveries_are_counted_by_state_and_counted_down_again(town: Town) -> None:
    town.follow(ACTIVE, "waiting")
    with town.fault("busy", account=ACTIVE.name, person="waiting", times=1):
        town.says(ACTIVE, "waiting", "你好")
        town.until_state(ACTIVE, "waiting", "retry")
    during = _open_deliveries(town)
    town.settled(ACTIVE, "waiting")
    after = _open_deliveries(town)
    assert set(during) == set(after) == {"due", "claimed", "attempting", "retry"}
    assert (during["retry"], after["retry"]) == (1.0, 0.0)


def _open_deliveries(town: Town) -> dict[str, float]:
    found = re.findall(r'^zhike_deliveries_open\{state="(\w+)"\} (\S+)$', town.get("/metrics")[1], re.MULTILINE)
    return {state: float(count) for state, count in found}


def test_a_command_for_an_account_that_is_not_there_is_refused_and_names_those_that_are(
    town: Town, tmp_path: Path
) -> None:
    output = tmp_path / "log.jsonl"
    exported = town.command("log", "export", "--account", "safe-xlm", "--output", str(output))
    published = town.command("menu", "publish", "--account", "safe-xlm")
    of_wecom = town.command("menu", "publish", "--account", ASSISTANT.name)
    for done in (exported, published):
        assert done.returncode == 78
        assert "没有账号 safe-xlm" in done.stderr
        assert "safe-xml、safe-json" in done.stderr
    assert not output.exists()
    assert of_wecom.returncode == 78


def test_an_unknown_page_is_404_and_an_unknown_method_405(town: Town) -> None:
    assert town.get("/callback/nobody")[0] == 404
    assert town.get("/")[0] == 404


@pytest.mark.only_on("postgresql")
def test_when_the_database_is_gone_the_bot_is_not_ready_says_why_and_comes_back(own_town: Town) -> None:
    name = own_town.database_url.rsplit("/", 1)[1].split("?")[0]
    admin = own_town.database_url.replace(f"/{name}", "/postgres")
    _run_on(admin, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    _run_on(admin, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    status, text = own_town.get("/health/ready")
    alive = own_town.get("/health/live")[0]
    own_town.follow(SERVICE, "in-the-outage")
    mark = own_town.mark()
    own_town.says(SERVICE, "in-the-outage", "你好", wait=False)
    (answered,) = own_town.wait_for(1, after=mark, what="answer")
    own_town.advance(3)  # several rounds of every loop
    _run_on(admin, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert (status, alive) == (503, 200)
    assert "the database" in text
    assert "check [database] url" in text
    own_town.until(lambda: own_town.get("/health/ready")[0] == 200, "the bot to be ready again")
    own_town.advance(5)
    own_town.wait_for(1, after=mark, what="shown", person="in-the-outage")
    assert answered["status"] == 503, "what could not be written down must come again"
    said = own_town.bot.actions()
    assert (said["sender_waits"], said["recovery_waits"]) == (1, 1), "an outage is said once, not with every round"
    assert said["database_back"] >= 2
    assert own_town.log_of(SERVICE, "in-the-outage") == [("in", "text"), ("out", "text")]


def _run_on(url: str, statement: str) -> None:
    """Run one statement on a database, outside of any transaction."""

    async def execute() -> None:
        connection = await asyncpg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute())


def test_every_log_line_is_json_with_an_action_word_and_no_secret_gets_into_it(open_town: OpenTown) -> None:
    town = open_town(places=(*PLACES, _WRONG_SECRET), log={"level": "debug", "seal_seconds": 1})
    town.change_account(_WRONG_SECRET, ip_allow_list=["10.0.0.1"])
    town.follow(_WRONG_SECRET, "unserved")
    town.follow(ACTIVE, "served")
    town.follow(SERVICE, "mistaken")
    with town.fault("invalid_token", account=ACTIVE.name, times=1):
        town.says(ACTIVE, "served", "你好")
        town.settled(ACTIVE, "served")
    town.says(_WRONG_SECRET, "unserved", "你好")
    town.until_state(_WRONG_SECRET, "unserved", "retry")
    town.says(ASSISTANT, "ZhangWei", "帮助")
    town.post(SERVICE, "signature=x&timestamp=1&nonce=2", b"<xml/>")
    lines = town.log_lines()
    bad = [line for line in lines if not re.fullmatch("[a-z][a-z_0-9]*", str(line.get("action")))]
    text = town.bot.log.read_text("utf-8")
    secrets = {value for place in (*PLACES, _WRONG_SECRET) for value in (place.secret, place.token, place.aes_key)}
    secrets |= {str(value) for name, value in ROTATING.settings.items() if name.startswith("previous_")}
    tokens = {value for (value,) in town.rows("SELECT value FROM access_token WHERE value IS NOT NULL")}
    assert bad == []
    assert [line for line in lines if not {"event", "level", "ts", "action"} <= set(line)] == []
    assert {line["action"] for line in lines} >= {
        "serving",
        "callback_refused",
        "token_refused",
        "delivery_attempt_failed",
        "account_paused",
    }
    assert tokens != set()
    assert [secret for secret in secrets | tokens if secret in text] == []


def test_a_row_that_was_tampered_with_is_named(open_town: OpenTown) -> None:
    town = open_town(places=(SERVICE,), clock="real")
    town.follow(SERVICE, "witness")
    for words in ("你好", "怎么报案", "犹豫期"):
        town.says(SERVICE, "witness", words)
    town.stop_bot()
    intact = town.verify()
    (fields,) = town.rows("SELECT fields FROM content WHERE seq = 3")[0]
    town.rows("UPDATE content SET fields = :fields WHERE seq = 3", fields=fields.replace("报案", "退保"))
    altered = town.verify()
    town.rows("UPDATE content SET fields = :fields WHERE seq = 3", fields=fields)
    town.rows("UPDATE message SET kind = 'link' WHERE seq = 5")
    relabelled = town.verify()
    town.rows("UPDATE message SET kind = 'text' WHERE seq = 5")
    mended = town.verify()
    town.rows("DELETE FROM content WHERE seq = 6")
    town.rows("DELETE FROM message WHERE seq = 6")
    shortened = town.verify()
    assert (intact.returncode, "intact, 6 rows, sealed to 6" in intact.stdout) == (0, True)
    assert (altered.returncode, "BROKEN at row 3" in altered.stdout) == (1, True)
    assert (relabelled.returncode, "BROKEN at row 5" in relabelled.stdout) == (1, True)
    assert mended.returncode == 0
    assert (shortened.returncode, "BROKEN at row 6" in shortened.stdout) == (1, True)


@pytest.mark.only_on("sqlite")
def test_a_second_bot_on_the_same_sqlite_file_is_refused_with_a_sentence(town: Town) -> None:
    done = town.command("serve", "--port", "0")
    assert (done.returncode, "another zhike already serves" in done.stderr) == (78, True)


@pytest.mark.only_on("sqlite")
def test_a_bot_of_another_home_on_the_same_sqlite_file_is_refused_too(town: Town, home: Path) -> None:
    home.mkdir()
    shutil.copy(town.home / "zhike.toml", home)
    (home / "linked.db").symlink_to(town.database_url.removeprefix("sqlite+aiosqlite:///"))
    for url in (town.database_url, "sqlite+aiosqlite:///linked.db"):
        done = run_command("serve", "--port", "0", home=home, database_url=url)
        assert (done.returncode, "another zhike already serves" in done.stderr) == (78, True), done.stderr


@pytest.mark.only_on("sqlite")
def test_some_roles_only_are_refused_on_sqlite_with_a_sentence(town: Town) -> None:
    done = town.command("serve", "--port", "0", "--role", "web")
    assert (done.returncode, "Traceback" in done.stderr) == (78, False)
    assert "缺少 worker、scheduler" in done.stderr


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("menu", "publish")])
@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (SERVICE.aes_key, SERVICE.aes_key[:-1], "accounts[safe-xml]：回调的令牌或密钥不能用"),
        ('sandbox_url = ""', 'sandbox_url = "http://127.0.0.1:9"', "start the sandbox"),
    ],
    ids=["a key that is no key", "no sandbox"],
)
def test_settings_that_cannot_be_served_are_refused_with_a_sentence(
    home: Path, sqlite_template: Path, command: tuple[str, ...], before: str, after: str, says: str
) -> None:
    home.mkdir()
    shutil.copy(sqlite_template, home / "zhike.db")
    settings = settings_text("http://127.0.0.1:9", places=(SERVICE,), clock={"sandbox_url": ""})
    (home / "zhike.toml").write_text(settings.replace(before, after), "utf-8")
    done = run_command(*command, home=home)
    assert done.returncode == 78, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_was_never_migrated_is_refused_with_its_mend(home: Path) -> None:
    home.mkdir()
    (home / "zhike.toml").write_text(
        settings_text("http://127.0.0.1:9", places=(SERVICE,), clock={"sandbox_url": ""}), "utf-8"
    )
    refused = run_command("serve", home=home)
    migrated = run_command("migrate", home=home)
    again = run_command("migrate", home=home)
    assert (refused.returncode, "run `zhike migrate`" in refused.stderr) == (78, True)
    assert (migrated.returncode, again.returncode) == (0, 0), migrated.stderr
    assert "Traceback" not in refused.stderr
