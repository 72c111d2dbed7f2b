"""The FTP channel against the sandbox, over real sockets: each row of its table of outcomes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from devino_core import (
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    Fill,
    InvalidMessage,
    Message,
    OutcomeUnknown,
    QueueFull,
    Rejected,
    Retry,
    State,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected, ManualClock
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Hang, World
from devino_sandbox._faults import Action
from tests.channels._ftp import SHORT, SPEC, channel, ftp_of, lying, order, served, taken, until
from tests.channels._sandboxed import Wired, account, struck

TO, OTHER = "79031234567", "79031234568"
NAME = "demo_20260101120000.zip"
HELLO = [Message(TO, "Hello"), Message(OTHER, "Hello")]
ARRIVED = [(TO, "Hello"), (OTHER, "Hello")]


def failing(operation: str, action: Action, **when: int | None) -> Connected:
    fault = Fault(protocol="ftp", operation=operation, action=action, **when)  # type: ignore[arg-type]
    return struck(served, fault)


@pytest.mark.pythons
class TestConformance(ChannelConformance):
    spec = SPEC
    carries = (
        Message(TO, "later", send_at=datetime(2026, 1, 2, tzinfo=UTC)),
        Message(TO, "Длинное сообщение " * 20, sender="My Bank"),
        Message("+7 903 123-45-67", Fill("Dear {name}", {"name": "Ann"}), sender="1" * 15),
        Message(TO, "#1 of #2"),
        Message(TO, "=1+1", validity=timedelta(minutes=3), send_at=datetime(2026, 1, 2)),  # noqa: DTZ001
    )
    refuses = (
        (Message(TO, ""), InvalidMessage),
        (Message(TO, "one\ntwo"), InvalidMessage),
        (Message(TO, "one;two"), InvalidMessage),
        (Message(TO, Fill("{name}", {"name": "a;b"})), InvalidMessage),
        (Message("DEVINO", "a"), InvalidMessage),
        (Message(TO, "a", sender="A" * 12), InvalidMessage),
    )
    faults = (
        (failing("CONNECT", Drop()), ConnectFailed),
        (failing("CONNECT", AnswerError(421, "Too many connections")), Throttled),
        (failing("PASS", AnswerError(530)), AuthenticationFailed),
        (failing("STOR", AnswerError(452)), QueueFull),
        (failing("STOR", AnswerError(553)), Rejected),
        (failing("RNTO", AnswerError(553)), Rejected),
        (failing("STOR", AnswerError(421)), Unavailable),
        (failing("data", Drop(), times=None), Retry.SAFE),
    )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with served(utc_offset="+03:00") as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with served() as wire:
        yield wire


async def test_messages_that_share_a_text_share_an_archive(wire: Wired) -> None:
    receipts = await wire.channel.send([*HELLO, Message(TO, "Hello", sender="OTHER")])
    assert [receipt.status.state for receipt in receipts] == [State.ACCEPTED] * 3
    assert [receipt.ids for receipt in receipts] == [()] * 3
    assert lying(wire) == [NAME, "demo_20260101120001.zip"]
    assert [receipt.status.description for receipt in receipts] == [NAME, NAME, lying(wire)[1]]
    assert await taken(wire) == [*ARRIVED, (TO, "Hello")]
    assert lying(wire) == []


async def test_values_of_a_text_are_columns(wire: Wired) -> None:
    await wire.channel.send(
        [Message(to, Fill("{a} and {b}, {a}", {"a": to[-1], "b": "#attr1#"})) for to in (TO, OTHER)]
    )
    assert len(lying(wire)) == 1
    assert await taken(wire) == [(TO, "7 and #attr1#, 7"), (OTHER, "8 and #attr1#, 8")]


async def test_texts_that_differ_are_a_column(wire: Wired) -> None:
    await wire.channel.send([Message(TO, "one"), Message(OTHER, "#two#"), Message(TO, "one")])
    assert len(lying(wire)) == 1
    assert await taken(wire) == [(TO, "one"), (OTHER, "#two#"), (TO, "one")]


async def test_times_by_two_clocks_never_share_an_archive() -> None:
    naive = datetime(2026, 1, 2, 10)  # noqa: DTZ001 - by the recipient's clock
    aware = datetime(2026, 1, 2, 10, tzinfo=UTC)
    async with served(utc_offset="+03:00") as wire:
        await wire.channel.send(
            [Message("79991234567", "x", send_at=at) for at in (None, naive, aware)]
        )
        assert len(lying(wire)) == 3
        await taken(wire)
        _, by_recipient, by_instant = [stored.send_at for stored in wire.world.messages()]
        assert by_instant == aware
        assert by_recipient != aware


async def test_an_instant_needs_the_clock_by_which_the_platform_reads_dates(wire: Wired) -> None:
    with pytest.raises(InvalidMessage, match="utc_offset"):
        wire.channel.check([Message(TO, "a", send_at=datetime(2026, 1, 2, tzinfo=UTC))])


async def test_an_archive_without_a_template_names_no_sender() -> None:
    async with served(archive="plain") as wire:
        await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED
        for message in (
            Message(TO, "x", sender="OTHER"),
            Message(TO, "x", validity=timedelta(hours=1)),
            Message(TO, "x", send_at=datetime(2026, 1, 2, tzinfo=UTC)),
        ):
            with pytest.raises(Unsupported):
                wire.channel.check([message])


async def test_a_line_break_is_spelt_as_the_setting_says() -> None:
    async with served(line_break=" / ") as wire:
        await wire.channel.send(
            [Message(TO, "one\r\ntwo"), Message(TO, Fill("a\n{b}", {"b": "c\nd"}))]
        )
        assert await taken(wire) == [(TO, "one / two"), (TO, "a / c / d")]


@pytest.mark.parametrize("operation", ["USER", "PASS", "PASV", "EPSV", "STOR", "SIZE", "RNFR"])
@pytest.mark.parametrize("action", [Drop(), DropAnswer(), Hang(), AnswerHttp(502)])
async def test_before_the_last_command_a_break_costs_nothing(
    operation: str, action: Action
) -> None:
    async with served(**SHORT) as wire:
        order(wire, operation, action)
        (outcome,) = await asyncio.gather(wire.channel.send(HELLO), return_exceptions=True)
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, DevinoError)
            assert outcome.retry is Retry.SAFE
            assert [name for name in lying(wire) if name.endswith(".zip")] == []
        else:
            assert await taken(wire) == ARRIVED


@pytest.mark.parametrize("action", [Drop(), DropAnswer(), AnswerError(426), AnswerError(451)])
async def test_a_transfer_that_breaks_is_resumed(action: Action) -> None:
    async with served(**SHORT) as wire:
        order(wire, "data", action, times=2)
        await wire.channel.send(HELLO)
        assert lying(wire) == [NAME]
        assert await taken(wire) == ARRIVED


async def test_a_transfer_that_breaks_each_time_leaves_nothing_that_counts() -> None:
    async with served(**SHORT) as wire:
        order(wire, "data", Drop(), times=None)
        with pytest.raises(Unavailable, match="broke 3 times"):
            await wire.channel.send(HELLO)
        assert lying(wire) == [f"{NAME}.part"]
        assert await taken(wire) == []


@pytest.mark.parametrize("action", [Drop(), DropAnswer(), Hang()])
async def test_after_a_lost_reply_to_the_last_command_the_folder_decides(action: Action) -> None:
    async with served(**SHORT) as wire:
        order(wire, "RNTO", action)
        receipts = await wire.channel.send(HELLO)
        assert [receipt.status.state for receipt in receipts] == [State.ACCEPTED] * 2
        assert lying(wire) == [NAME]
        assert await taken(wire) == ARRIVED


async def test_where_nobody_can_look_the_outcome_is_not_known() -> None:
    async with served(**SHORT) as wire:
        order(wire, "RNTO", DropAnswer())
        order(wire, "CONNECT", Drop(), nth=2, times=None)
        with pytest.raises(OutcomeUnknown, match=NAME):
            await wire.channel.send(HELLO)


async def test_a_name_that_is_taken_is_not_overwritten(wire: Wired) -> None:
    await wire.channel.send(HELLO)
    async with channel(
        ManualClock(), host=ftp_of(wire).settings.host, port=ftp_of(wire).settings.port
    ) as other:
        await other.send([Message(TO, "other")])
    assert lying(wire) == [NAME, "demo_20260101120001.zip"]
    assert await taken(wire) == [*ARRIVED, (TO, "other")]


async def test_a_wrong_password_is_told_without_it(wire: Wired) -> None:
    settings = ftp_of(wire).settings
    async with channel(
        ManualClock(), host=settings.host, port=settings.port, password="cnry-wrong"
    ) as other:
        with pytest.raises(AuthenticationFailed) as caught:
            await other.send(HELLO)
    assert "cnry" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_a_server_without_tls_is_refused_before_the_password(wire: Wired) -> None:
    settings = ftp_of(wire).settings
    for mode, word in (("explicit", "offers no TLS"), ("implicit", "starts without TLS")):
        async with channel(
            ManualClock(), host=settings.host, port=settings.port, tls=mode, **SHORT
        ) as other:
            with pytest.raises(ConnectFailed, match=word) as caught:
                await other.send(HELLO)
        # Somebody has to change the setting or the server first.
        assert caught.value.retry is Retry.NEVER


async def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with channel(ManualClock(), host="127.0.0.1", port=port, **SHORT) as made:
            with pytest.raises(ConnectFailed, match="no connection to"):
                await made.send(HELLO)


async def test_a_send_that_is_cancelled_ends_its_thread_and_can_be_repeated() -> None:
    async with served(timeout=30) as wire:
        order(wire, "STOR", Hang())
        sending = asyncio.create_task(wire.channel.send(HELLO))
        await until(lambda: not wire.world.faults)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await taken(wire) == []
        await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED


# Encrypted.


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("endpoint", "mode"), [("ftp", "explicit"), ("ftps", "implicit")])
async def test_each_data_connection_resumes_the_session(
    context: ssl.SSLContext, endpoint: str, mode: str, version: ssl.TLSVersion
) -> None:
    context.minimum_version = context.maximum_version = version
    async with served(context=context, endpoint=endpoint, tls=mode) as wire:
        # The server answers 522 to a connection that does not resume.
        for _ in range(7):
            await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED * 7


async def test_a_certificate_of_a_stranger_is_refused(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for endpoint, mode in (("ftp", "explicit"), ("ftps", "implicit")):
        async with served(context=context, endpoint=endpoint, tls=mode) as wire:
            with pytest.raises(ConnectFailed, match="certificate") as caught:
                await wire.channel.send(HELLO)
        assert caught.value.retry is Retry.NEVER


# Any number of contacts.


async def test_contacts_with_values_are_uploaded_with_progress(wire: Wired) -> None:
    seen: list[tuple[int, int]] = []
    (upload,) = await ftp_of(wire).upload(
        [(TO, {"name": "Ann"}), (OTHER, {"name": "Bob"})],
        "Dear {name}",
        validity=timedelta(minutes=5),
        progress=lambda sent, total: seen.append((sent, total)),
    )
    assert (upload.name, upload.contacts, upload.error) == (NAME, 2, None)
    assert upload.status.state is State.ACCEPTED
    assert seen[-1] == (upload.size, upload.size)
    assert await taken(wire) == [(TO, "Dear Ann"), (OTHER, "Dear Bob")]


async def test_an_asynchronous_source_and_more_than_an_archive_holds(
    wire: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_codecs.ftp._writing.MAX_ROWS", 3)

    async def contacts() -> AsyncIterator[str]:
        for nth in range(7):
            yield f"7903123456{nth}"

    uploads = await ftp_of(wire).upload(contacts(), "Hello {name}")
    assert [upload.contacts for upload in uploads] == [3, 3, 1]
    assert len({upload.name for upload in uploads}) == 3
    assert await taken(wire) == [(f"7903123456{nth}", "Hello {name}") for nth in range(7)]


async def test_one_archive_that_fails_does_not_hide_the_others(
    wire: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_codecs.ftp._writing.MAX_ROWS", 1)
    order(wire, "STOR", AnswerError(553), nth=2)
    uploads = await ftp_of(wire).upload([TO, OTHER, TO], "Hello")
    assert [upload.status.state for upload in uploads] == [
        State.ACCEPTED, State.REJECTED, State.ACCEPTED,
    ]  # fmt: skip
    assert isinstance(uploads[1].error, Rejected)
    assert await taken(wire) == [(TO, "Hello"), (TO, "Hello")]


@pytest.mark.parametrize(
    ("contacts", "text", "field", "row"),
    [
        ([TO, "9161234567x"], "Hello", "to", 2),
        ([(TO, {"a": "x"}), (TO, {"a": "x;y"})], "{a}", "a", 2),
        ([(TO, {"a": "x"}), (TO, {})], "{a}", "a", 2),
        ([(TO, {"a": "x"}), TO], "{a}", "contacts", 2),
        ([TO], "", "text", None),
        ([TO], "one\ntwo", "text", None),
    ],
)
async def test_a_bad_row_is_named_before_anything_is_sent(
    wire: Wired, contacts: list[str], text: str, field: str, row: int | None
) -> None:
    order(wire, "CONNECT", Drop(), times=None)
    with pytest.raises(InvalidMessage) as caught:
        await ftp_of(wire).upload(contacts, text)
    assert (caught.value.field, caught.value.row) == (field, row)


async def test_nothing_to_upload_is_no_error(wire: Wired) -> None:
    assert await ftp_of(wire).upload([], "Hello") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"login": "a/b"},
        {"login": "a\r\nDELE x"},
        {"directory": "a\nb"},
        {"password": "a\nb"},
        {"encoding": "klingon"},
    ],
)
def test_settings_that_no_command_can_hold_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        channel(ManualClock(), **settings)


async def test_a_refused_sender_is_on_record() -> None:
    world = World([account(senders=frozenset({"APPROVED"}))], clock=ManualClock())
    async with served(world=world) as wire:
        await wire.channel.send(HELLO)
        await taken(wire)
        (refused,) = wire.world.messages()
        assert refused.to == NAME
        assert refused.reason is not None
        assert "DEVINO" in refused.reason


async def test_the_platform_looks_every_ten_seconds_of_its_clock(wire: Wired) -> None:
    await wire.channel.send(HELLO)
    await wire.clock.tick(9)
    assert lying(wire) == [NAME]
    await wire.clock.tick(1)
    await until(lambda: not lying(wire))
    assert [stored.to for stored in wire.world.messages()] == [TO, OTHER]
