"""The URL of the outbox's database: its mistakes are told as such, and not a password with them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import pytest

from devino_core import ConfigurationError, Unavailable
from devino_outbox import PostgresSettings
from devino_outbox.postgres import PostgresStore

SECRET = "hunter2"


def all_of(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    told: BaseException | None = error
    while told is not None:
        yield told
        told = told.__cause__ or told.__context__


def frames_of(error: BaseException) -> str:
    """What a program shows that shows the values in frames, too, such as Sentry."""
    shown = [
        f"{frame.filename}: {frame.locals}"
        for one in all_of(error)
        for frame in traceback.TracebackException.from_exception(one, capture_locals=True).stack
        if frame.filename != __file__
    ]
    return "\n".join([*map(str, all_of(error)), *shown])


async def refused(rest: str, login: str = f"me:{SECRET}") -> str:
    settings = PostgresSettings(url=f"postgresql://{login}@{rest}")
    with pytest.raises(ConfigurationError) as raised:
        await PostgresStore(settings).open()
    assert SECRET not in frames_of(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("sslmode=nope", "sslmode"),
        ("sslmode=Require", "sslmode"),
        ("channel_binding=nope", "channel_binding"),
        ("gssencmode=nope", "gssencmode"),
        ("target_session_attrs=nope", "target_session_attrs"),
        ("ssl_min_protocol_version=nope", "ssl_min_protocol_version"),
        ("service=nope", "service"),
        ("connect_timeout=soon", "connect_timeout"),
        ("keepalives=yes", "keepalives"),
        ("keepalives_idle=1m", "keepalives_idle"),
        ("tcp_user_timeout=1s", "tcp_user_timeout"),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1:1", "%2Fnone:1,127.0.0.1:2", ""])
async def test_a_value_that_libpq_does_not_take_is_an_error_of_the_settings(
    host: str, query: str, name: str
) -> None:
    said = await refused(f"{host}/none?{query}")
    assert said.endswith(f"has a value that libpq does not take: {name}")


async def test_values_that_do_not_fit_each_other_are_an_error_of_the_settings() -> None:
    both = "ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2"
    said = await refused(f"127.0.0.1:1/none?{both}")
    assert "values that libpq does not take together" in said
    said = await refused("127.0.0.1,127.0.0.1,127.0.0.1/none?port=1,2")
    assert said.endswith("a value that libpq does not take: port")


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=require",
        "sslmode=verify-full&sslrootcert=/none",
        "gssencmode=require",
        "connect_timeout=2&keepalives=0",
        "target_session_attrs=any",
        "options=-c%20geqo%3Doff",
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1:1", "127.0.0.1:1,127.0.0.1:2", "127.0.0.1,[::1]:1"])
async def test_a_server_that_is_not_there_is_none(host: str, query: str) -> None:
    settings = PostgresSettings(url=f"postgresql://me:{SECRET}@{host}/none?{query}")
    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        await PostgresStore(settings).open()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("login", "said"),
    [
        (f"me:1@%2Fnone?sslmode={SECRET}", "sslmode"),
        (f"me:{SECRET}/1", "a port that is none"),
        (f"me:{SECRET}%zz", "cannot be read"),
    ],
)
async def test_a_password_that_is_not_escaped_is_not_shown(login: str, said: str) -> None:
    assert said in await refused("127.0.0.1:1/none", login)
