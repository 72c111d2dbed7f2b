"""For tests of channels, sources and stores: suites to inherit, a clock to drive, a harness.

::

    class TestAcme(ChannelConformance):
        spec = devino_acme.SPEC
        carries = [Message("79160000001", "Hello", validity=timedelta(hours=1))]
        refuses = [(Message("79160000001", "a" * 1001), InvalidMessage)]
        faults = [(partial(acme, "wrong token"), AuthenticationFailed)]

        @asynccontextmanager
        async def connected(self):
            async with acme("token") as channel:
                yield channel


    @asynccontextmanager
    async def acme(token):
        async with fake_acme() as url:
            channel = AcmeChannel(AcmeSettings(base_url=url, token=Secret(token)), name="acme")
            async with channel:
                yield channel

Run it with pytest; the tests are plain functions and need no asyncio plugin.
"""

from devino_core.clock import ManualClock

from ._callbacks import CallbackConformance, Readable
from ._channels import AnyChannel, ChannelConformance, Connected
from ._crashes import CrashHarness, CrashReport
from ._stores import StoreConformance

__all__ = [
    "AnyChannel",
    "CallbackConformance",
    "ChannelConformance",
    "Connected",
    "CrashHarness",
    "CrashReport",
    "ManualClock",
    "Readable",
    "StoreConformance",
]
