"""Settings of an SMPP channel that cannot be meant are refused at once, with what to mend."""

from __future__ import annotations

import pytest

from devino_core import ConfigurationError
from devino_core.testing import ManualClock
from tests.channels._smpp import smpp_channel


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sessions": 4}, "allows an account 3 beside the one that receives"),
        ({"sessions": 5, "bind": "transceiver"}, "allows an account 4"),
        ({"hosts": " , "}, "names no host"),
        ({"hosts": "smpp://x"}, "neither `host` nor `host:port`"),
        ({"hosts": "x:0"}, "neither `host` nor `host:port`"),
        ({"receipt_zone": "Mars/Olympus"}, "no time zone"),
        ({"password": "123456789"}, "password: 9 characters, at most 8 fit"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        smpp_channel(ManualClock(), **settings)
    assert said in str(caught.value)
    assert "smpp" in str(caught.value)
    assert "123456789" not in str(caught.value)
