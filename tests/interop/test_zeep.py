"""zeep, which knows nothing of us, calls every operation of all four services from our ?WSDL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from devino_codecs.soap import SERVICES, SMS, VIBER, Service
from devino_core import Medium, State
from devino_core.testing import ManualClock
from devino_sandbox import Sandbox, World
from tests._vectors import VECTORS

zeep = pytest.importorskip("zeep")

TO, OTHER = "79031234567", "79031234568"
LOGIN = {"login": "demo", "password": "demo"}
KEYS = {
    "SmsService": "soap_sms",
    "ViberService": "soap_viber",
    "SmsServiceV2": "soap_sms_v2",
    "ViberServiceV2": "soap_viber_v2",
}
VERSIONS = {"1.1": "Soap", "1.2": "Soap12"}


class Caller:
    """A service by zeep, in one SOAP version, with the credentials that the service wants."""

    def __init__(self, sandbox: Sandbox, service: Service, version: str) -> None:
        self.sandbox = sandbox
        self.service = service
        self.version = version
        self.used: set[str] = set()
        self._credentials: dict[str, str] = {}

    async def __call__(self, operation: str, /, **arguments: object) -> Any:
        self.used.add(operation)
        if not self._credentials:
            self._credentials = await self._log_in()
        taken = dict(arguments)
        if operation != "GetSessionID":
            taken = {**self._credentials, **taken}
        return await self.run(self.service, operation, taken)

    async def _log_in(self) -> dict[str, str]:
        if self.service not in (SMS, VIBER):
            return LOGIN
        return {"sessionID": await self.run(SMS, "GetSessionID", LOGIN)}

    async def run(self, service: Service, operation: str, arguments: Mapping[str, object]) -> Any:
        url = f"{self.sandbox.endpoints[KEYS[service.name]]}?WSDL"

        def call() -> object:
            with _transport() as transport:
                client = zeep.Client(url, transport=transport)
                bound = client.bind(service.name, f"{service.name}{VERSIONS[self.version]}")
                return bound[operation](**arguments)

        return await asyncio.to_thread(call)


@contextlib.contextmanager
def _transport() -> Iterator[Any]:
    transport = zeep.Transport()
    try:
        yield transport
    finally:
        transport.session.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(World(clock=clock), discover=False) as sandbox:
        yield sandbox


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def strings(*values: str) -> dict[str, list[str]]:
    return {"string": list(values)}


SMS_MESSAGE = {
    "Data": "Привет <&> \"'",
    "DelayUntilUtc": None,
    "DestinationAddresses": strings(TO, OTHER),
    "SourceAddress": "DEVINO",
    "ReceiptRequested": True,
    "Validity": None,
}
VIBER_MESSAGE = {
    "Data": "Привет",
    "DestinationAddresses": strings(TO),
    "SourceAddress": "DEVINO",
    "Validity": 60,
}


@pytest.mark.parametrize("service", [s for s in SERVICES if "Sms" in s.name], ids=lambda s: s.name)
async def test_every_operation_of_the_sms_services(
    sandbox: Sandbox, clock: ManualClock, service: Service, version: str
) -> None:
    call, world, now = Caller(sandbox, service, version), sandbox.world, clock.now()
    assert await call("GetBalance") == Decimal(1_000_000)

    ids = await call("SendMessage", message=SMS_MESSAGE)
    assert [(message.ids, message.to, message.submission.text) for message in world.messages()] == [
        ((ids[0],), TO, SMS_MESSAGE["Data"]),
        ((ids[1],), OTHER, SMS_MESSAGE["Data"]),
    ]
    delayed = now + timedelta(hours=2)
    await call("SendMessage", message={**SMS_MESSAGE, "DelayUntilUtc": delayed, "Validity": 5})
    *_, late = world.messages()
    assert (late.send_at, late.submission.validity) == (delayed, timedelta(minutes=5))

    wall = datetime.fromisoformat("2026-01-02T09:00:00")
    content = {"sourceAddress": "DEVINO", "data": "a", "sendDate": wall, "validity": 5}
    await call("SendMessageByTimeZone", destinationAddress="74232000000", **content)
    *_, local = world.messages()
    assert local.send_at is not None
    assert local.send_at.isoformat() == "2026-01-01T23:00:00+00:00"
    sent = await call(
        "SendMessageByTimeZoneToAddresses", destinationAddresses=strings(TO, OTHER), **content
    )
    assert len(sent) == 2

    clock.advance(5)
    state = await call("GetMessageState", messageID=ids[0])
    assert (state.State, state.StateDescription, state.Price) == (0, "Доставлено", Decimal("1.5"))
    assert state.CreationDateUtc == now.replace(tzinfo=None)
    unknown = await call("GetMessageState", messageID=1)
    assert (unknown.State, unknown.StateDescription) == (255, "Неизвестный")

    counted = await call(
        "GetStatistics", startDateTime=now - timedelta(days=1), endDateTime=clock.now()
    )
    assert (counted.Delivered, counted.InProcess) == (2, 5)

    world.receive(sender=TO, to="1234", text="Да")
    (arrived,) = await call(
        "GetIncomingMessages", minDateUTC=now, maxDateUTC=clock.now() + timedelta(seconds=1)
    )
    assert (arrived.Data, arrived.SourceAddress, arrived.DestinationAddress) == ("Да", TO, "1234")

    if service is SMS:
        assert len(await call("GetSessionID", **LOGIN)) == 36
    assert call.used == {request.operation.name for request in service.requests}


@pytest.mark.parametrize(
    "service", [s for s in SERVICES if "Viber" in s.name], ids=lambda s: s.name
)
async def test_every_operation_of_the_viber_services(
    sandbox: Sandbox, clock: ManualClock, service: Service, version: str
) -> None:
    call, world = Caller(sandbox, service, version), sandbox.world
    (read,) = await call("SendMessage", message=VIBER_MESSAGE)
    failing = {**VIBER_MESSAGE, "DestinationAddresses": strings("79990000007"), "Optional": "x"}
    (resent,) = await call("SendMessageWithResend", message=failing)
    clock.advance(5)
    clock.advance(5)
    world.advance()
    state = await call("GetMessageState", messageID=read)
    assert (state.State, state.ResentSms) == ("Read", None)
    state = await call("GetMessageState", messageID=resent)
    (by_sms,) = (m for m in world.messages() if m.submission.medium is Medium.SMS)
    assert state.State == "Expired"
    assert [sms.Id for sms in state.ResentSms.ViberSmsMessageStateInfo] == [int(by_sms.ids[0])]
    assert by_sms.state is State.DELIVERED
    assert call.used == {request.operation.name for request in service.requests}


WRONG: Mapping[str, tuple[str, Mapping[str, object], str]] = {
    "SmsService": ("GetBalance", {"sessionID": "0" * 36}, "SessionID expired"),
    "SmsServiceV2": (
        "GetBalance",
        {"login": "demo", "password": "x"},
        "Invalid user login or password",
    ),
    "ViberService": ("GetMessageState", {"sessionID": "", "messageID": 1}, "SessionID expired"),
    "ViberServiceV2": (
        "SendMessage",
        {**LOGIN, "message": {**VIBER_MESSAGE, "SourceAddress": "A" * 12}},
        "Invalid source address",
    ),
}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_fault_is_one_to_zeep_too(sandbox: Sandbox, service: Service, version: str) -> None:
    operation, arguments, words = WRONG[service.name]
    with pytest.raises(
        zeep.exceptions.Fault, match=f"unable to process request. ---> {words}"
    ) as caught:
        await Caller(sandbox, service, version).run(service, operation, arguments)
    assert caught.value.message.startswith("Server was unable to process request. ---> ")
    assert caught.value.code in ("soap:Server", "soap:Receiver")


async def test_a_client_that_is_made_of_the_platforms_own_description(
    sandbox: Sandbox, clock: ManualClock, version: str
) -> None:
    world, now, url = sandbox.world, clock.now(), sandbox.endpoints["soap_sms"]
    incoming = world.receive(sender=TO, to="1234", text="Да")

    def run() -> None:
        with _transport() as transport:
            theirs = BytesIO(VECTORS["07-wsdl"].data)
            client = zeep.Client(theirs, transport=transport)
            port = f"{{http://ws.devinosms.com}}SmsService{VERSIONS[version]}"
            call = client.create_service(port, url)
            session = call.GetSessionID(**LOGIN)
            assert call.GetBalance(session) == Decimal(1_000_000)
            sent = call.SendMessage(session, SMS_MESSAGE)
            one = call.SendMessageByTimeZone(session, "DEVINO", TO, "a", datetime.min, None)  # noqa: DTZ901
            several = call.SendMessageByTimeZoneToAddresses(
                session, "DEVINO", strings(TO, OTHER), "a", datetime.min, 60  # noqa: DTZ901
            )  # fmt: skip
            assert (len(sent), len(one), len(several)) == (2, 1, 2)
            state = call.GetMessageState(session, int(sent[0]))
            assert state.CreationDateUtc == now.replace(tzinfo=None)
            assert (state.SubmittedDateUtc, state.ReportedDateUtc) == (None, None)
            unknown = call.GetMessageState(session, 1)
            assert (unknown.CreationDateUtc, unknown.State) == (None, 255)
            assert unknown.Price is None
            counted = call.GetStatistics(session, now - timedelta(days=1), now + timedelta(days=1))
            assert (counted.Total, counted.TotalWithErrors, counted.Tarificated) == (5, 5, 5)
            assert (counted.Optimized, counted.DeliveryRatio) == (0, Decimal("0.00"))
            (arrived,) = call.GetIncomingMessages(session, now, now + timedelta(seconds=1))
            assert (arrived.ID, arrived.Data) == (incoming.id, "Да")

    await asyncio.to_thread(run)
    (*_, last, later) = world.messages()
    assert (last.send_at, later.submission.validity) == (None, timedelta(minutes=60))


async def test_the_description_names_the_host_that_it_was_asked_by(sandbox: Sandbox) -> None:
    url = sandbox.endpoints["soap_sms"].replace("127.0.0.1", "localhost")

    def addresses() -> list[str]:
        with _transport() as transport:
            client = zeep.Client(f"{url}?wsdl", transport=transport)
            (service,) = client.wsdl.services.values()
            return [port.binding_options["address"] for port in service.ports.values()]

    assert await asyncio.to_thread(addresses) == [url, url]
