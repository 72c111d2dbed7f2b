"""The REST codec tells no secrets and imports nothing else."""

import subprocess
import sys
import traceback

import pytest
from rich.pretty import pretty_repr

from devino_codecs import rest
from tests.wire import _rest

CANARY = "xCANARYx"
SESSION = rest.Session(CANARY)
LOGIN = rest.Login(CANARY, CANARY)


@pytest.mark.parametrize(
    "value",
    [
        SESSION,
        LOGIN,
        _rest.encode(rest.GetBalance(), SESSION),
        _rest.encode(rest.GetBalance(), LOGIN, in_url=True),
        [_rest.encode(rest.GetSession(), LOGIN)],
    ],
)
def test_no_representation_shows_a_secret(value: object) -> None:
    for shown in (repr(value), str(value), f"{value}", pretty_repr(value)):
        assert CANARY not in shown


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/rest/Sms/Send", f"sessionid={CANARY}"),
        ("/rest/Sms/Send", f"{CANARY}=1&sessionid=1&data={CANARY}%ff"),
        ("/rest/v2/Sms/State", f"login={CANARY}&password={CANARY}%ff&messageId=1"),
        ("/rest/Sms/In", f"sessionid={CANARY}&minDateUTC={CANARY}"),
        ("/rest/Sms/Sned", f"sessionid={CANARY}"),
        (f"/rest/Sms/Sned?sessionid={CANARY}", ""),
    ],
)
def test_no_error_repeats_the_request(path: str, query: str) -> None:
    with pytest.raises(rest.DecodeError) as caught:
        _rest.decode(path, query)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("body", [f'"{CANARY}', f'{{"Code":"{CANARY}"}}', f"<{CANARY}>", CANARY])
def test_no_error_repeats_the_answer(body: str) -> None:
    with pytest.raises(rest.DecodeError) as caught:
        _rest.read(rest.GetSession, 200, body.encode())
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_no_error_repeats_an_unwritable_value() -> None:
    with pytest.raises(rest.EncodeError) as caught:
        _rest.encode(rest.GetBalance(), rest.Login(CANARY, f"{CANARY}\ud800"))
    assert caught.value.path == "Password"
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_importing_the_codec_imports_nothing_else() -> None:
    # msgspec is the only dependency; its own imports do not count.
    program = (
        "import msgspec, sys; before = set(sys.modules); import devino_codecs.rest;"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.split() == ["devino_codecs"]
