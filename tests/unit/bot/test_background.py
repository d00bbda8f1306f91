"""Background tasks: held, named, watched, and ended in order."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.background import Background, VitalTaskEnded


class Alarm:
    """What the process would do when a vital task fails: here it only writes it down."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def __call__(self, name: str, error: BaseException) -> None:
        self.heard.append((name, f"{type(error).__name__}: {error}"))


async def forever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise ValueError("the disk is full")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


async def test_a_failing_vital_task_raises_the_alarm_and_is_logged_with_its_error(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    with capture_logs() as lines:
        background.start("writer", failing(), vital=True)
        await turns()
    assert alarm.heard == [("writer", "ValueError: the disk is full")]
    assert [(line["action"], line["task"], str(line["exc_info"])) for line in lines] == [
        ("background_task_failed", "writer", "the disk is full")
    ]


async def test_a_failing_side_task_is_logged_and_the_process_goes_on(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    with capture_logs() as lines:
        background.start("metrics", failing())
        await turns()
    assert alarm.heard == []
    assert [line["action"] for line in lines] == ["background_task_failed"]


async def test_a_vital_task_that_simply_returns_raises_the_alarm(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    background.start("sender", asyncio.sleep(0), vital=True)
    await turns()
    assert alarm.heard == [("sender", f"{VitalTaskEnded.__name__}: sender ended")]


async def test_stopping_lets_a_task_finish_that_watches_for_it(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    done: list[str] = []

    async def worker() -> None:
        await background.stopping.wait()
        done.append("released what it held")

    background.start("worker", worker(), vital=True, finishes=True)
    assert background.names() == ["worker"]
    assert await background.stop(grace_seconds=5) == []
    assert (done, background.names(), alarm.heard) == (["released what it held"], [], [])


async def test_a_task_that_outlives_the_grace_is_cancelled_and_named(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    stuck = background.start("stuck", forever(), finishes=True)
    with capture_logs() as lines:
        assert await background.stop(grace_seconds=0) == ["stuck"]
    assert stuck.cancelled()
    assert [line["action"] for line in lines] == ["background_task_late"]


async def test_other_tasks_are_cancelled_at_once_and_awaited(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    ended: list[str] = []

    async def cleaning() -> None:
        try:
            await forever()
        finally:
            await turns()
            ended.append("cleaned")

    background.start("tick", cleaning(), vital=True)
    await turns()
    assert await background.stop(grace_seconds=60) == []
    assert (ended, alarm.heard) == (["cleaned"], [])


async def test_a_failure_while_stopping_is_logged_too(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)

    async def fails_at_the_end() -> None:
        await background.stopping.wait()
        raise OSError("could not release")

    background.start("worker", fails_at_the_end(), vital=True, finishes=True)
    with capture_logs() as lines:
        await background.stop(grace_seconds=5)
    assert [str(line["exc_info"]) for line in lines] == ["could not release"]
    assert alarm.heard == []


async def test_nothing_starts_once_stopping_has_begun(alarm: Alarm) -> None:
    background = Background(on_vital_failure=alarm)
    await background.stop(grace_seconds=0)
    with pytest.raises(RuntimeError, match="late"):
        background.start("late", forever())
