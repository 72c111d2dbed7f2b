"""The shared login session."""

from __future__ import annotations

import asyncio
import gc

import pytest

from devino_core import AuthenticationFailed, ConnectFailed
from devino_core.login import LoginSession
from devino_core.testing import ManualClock

pytestmark = pytest.mark.pythons


class Platform:
    """Gives sessions s1, s2, ..., and knows which are still valid."""

    def __init__(self) -> None:
        self.logins = 0
        self.good: set[str] = set()
        self.clock = ManualClock()
        self.session = LoginSession(self.log_in, clock=self.clock)

    async def log_in(self) -> str:
        await asyncio.sleep(0)
        self.logins += 1
        self.good.add(f"s{self.logins}")
        return f"s{self.logins}"

    async def call(self, session: str) -> str:
        await asyncio.sleep(0)
        if session not in self.good:
            raise AuthenticationFailed("SessionID expired", code=4)
        return session


@pytest.fixture
def platform() -> Platform:
    return Platform()


async def test_many_concurrent_calls_log_in_once(platform: Platform) -> None:
    used = await asyncio.gather(*[platform.session.run(platform.call) for _ in range(50)])
    assert set(used) == {"s1"}
    assert platform.logins == 1


async def test_a_session_is_renewed_before_its_two_hours_end(platform: Platform) -> None:
    await platform.session.run(platform.call)
    platform.clock.advance(114 * 60)
    assert await platform.session.run(platform.call) == "s1"
    platform.clock.advance(2 * 60)
    assert await platform.session.run(platform.call) == "s2"


async def test_a_refused_session_is_renewed_once_for_all_callers(
    platform: Platform,
) -> None:
    await platform.session.run(platform.call)
    platform.good.clear()
    used = await asyncio.gather(*[platform.session.run(platform.call) for _ in range(50)])
    assert set(used) == {"s2"}
    assert platform.logins == 2


async def test_a_platform_that_refuses_fresh_sessions_is_not_asked_in_a_loop(
    platform: Platform,
) -> None:
    async def refuse(session: str) -> str:
        raise AuthenticationFailed("SessionID expired", code=4)

    with pytest.raises(AuthenticationFailed):
        await platform.session.run(refuse)
    assert platform.logins == 2


async def test_all_callers_that_wait_for_a_login_share_its_failure(platform: Platform) -> None:
    tries = 0

    async def fail() -> str:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        raise AuthenticationFailed("Invalid user login or password", code=4)

    platform.session = LoginSession(fail, clock=platform.clock)
    calls = [platform.session.run(platform.call) for _ in range(50)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    # Each caller gets its own error, because each error will name its own messages.
    assert len({id(error) for error in outcomes}) == 50
    assert {getattr(error, "code", None) for error in outcomes} == {4}
    assert tries == 1


async def test_a_platform_that_gives_the_same_session_again_is_asked_once(
    platform: Platform,
) -> None:
    async def same() -> str:
        await asyncio.sleep(0)
        platform.logins += 1
        return "s"

    async def refuse(session: str) -> str:
        await asyncio.sleep(0)
        raise AuthenticationFailed("SessionID expired", code=4)

    platform.session = LoginSession(same, clock=platform.clock)
    calls = [platform.session.run(refuse) for _ in range(50)]
    await asyncio.gather(*calls, return_exceptions=True)
    assert platform.logins == 2


async def test_a_caller_who_gives_up_waiting_does_not_cancel_the_login_of_others(
    platform: Platform,
) -> None:
    first = asyncio.create_task(platform.session.run(platform.call))
    second = asyncio.create_task(platform.session.run(platform.call))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "s1"


async def test_a_login_that_fails_when_all_callers_have_given_up_waiting_is_no_bug(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))

    async def fails() -> str:
        await asyncio.sleep(0)
        raise AuthenticationFailed("wrong")

    monkeypatch.setattr(platform.session, "_log_in", fails)
    only = asyncio.create_task(platform.session.run(platform.call))
    await asyncio.sleep(0)
    fetching = platform.session._fetching
    assert fetching is not None
    only.cancel()
    await asyncio.wait([only, fetching])
    del fetching
    gc.collect()
    assert logged == []


async def test_the_next_call_retries_a_failed_login(platform: Platform) -> None:
    working = platform.log_in

    async def fail() -> str:
        raise AuthenticationFailed("Invalid user login or password", code=4)

    platform.session = LoginSession(fail, clock=platform.clock)
    with pytest.raises(AuthenticationFailed):
        await platform.session.run(platform.call)
    platform.session._log_in = working
    assert await platform.session.run(platform.call) == "s1"


async def test_a_service_that_is_closed_leaves_no_login_under_way() -> None:
    asked = asyncio.Event()

    async def log_in() -> str:
        asked.set()
        await asyncio.Event().wait()
        return "never"

    async def call(session: str) -> str:
        return session

    session = LoginSession(log_in, clock=ManualClock())
    waiting = asyncio.ensure_future(session.run(call))
    await asked.wait()
    await session.aclose()
    with pytest.raises(ConnectFailed):
        await waiting
    await session.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
