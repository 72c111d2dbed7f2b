"""Writing REST requests: the canonical form, and the values that have none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from devino_codecs import rest
from tests.wire import _rest

SESSION = rest.Session("Z5CYSZEKDL1DPICU37WEHQVOYKP0T1GSLHX1")
LOGIN = rest.Login("jo", "a+b==13%!")
SEND = rest.SendSms("DEVINO", "79161002030", "test")


def test_everything_goes_in_the_body_of_a_post_unless_the_url_is_wanted() -> None:
    state = rest.GetSmsState("579700854169272358")
    http = _rest.encode(state, SESSION)
    assert (http.method, http.target) == ("POST", "/rest/Sms/State")
    assert http.body == f"sessionId={SESSION.id}&messageId=579700854169272358".encode()
    http = _rest.encode(state, SESSION, in_url=True)
    assert (http.method, http.body) == ("GET", b"")
    assert http.target == f"/rest/Sms/State?sessionId={SESSION.id}&messageId=579700854169272358"


def test_the_manuals_example_of_escaping() -> None:
    # "!" needs no escaping, and the manual does not escape it. urllib does, and so do we.
    http = _rest.encode(rest.GetSession(), rest.Login("Jonathan", "a+b==13%!"))
    assert http.body == b"login=Jonathan&password=a%2Bb%3D%3D13%25%21"


def test_dates_are_written_in_utc_in_whole_seconds() -> None:
    moscow = timezone(timedelta(hours=3))
    sent = datetime(2011, 1, 28, 16, 0, 0, 999999, tzinfo=moscow)
    http = _rest.encode(rest.SendSms("D", "7", "t", None, sent), SESSION)
    assert http.body.endswith(b"&SendDate=2011-01-28T13:00:00")


@pytest.mark.parametrize(
    ("request_", "argument", "reason"),
    [
        (rest.SendSms("", "79161002030", "test"), "SourceAddress", "empty"),
        (rest.SendSms("DEVINO", "79161002030", ""), "Data", "empty"),
        (rest.SendSms("DEVINO", " 79161002030", "test"), "DestinationAddress", "blanks"),
        (rest.SendSms("DEVINO", "79161002030", "\ud800"), "Data", "surrogates"),
        (rest.SendSms("DEVINO", 79161002030, "test"), "DestinationAddress", "got int"),  # type: ignore[arg-type]
        (rest.SendSms("DEVINO", "79161002030", "test", 0), "Validity", "one minute"),
        (rest.SendSms("DEVINO", "79161002030", "test", 2**31), "Validity", "one minute"),
        (rest.SendSms("DEVINO", "79161002030", "test", True), "Validity", "bool"),
        (
            rest.SendSms("D", "7", "t", None, datetime.fromisoformat("2011-01-28")),
            "SendDate",
            "aware",
        ),
        (
            rest.SendSmsByTimeZone("D", "7", "t", None, datetime(2011, 1, 28, tzinfo=UTC)),
            "SendDate",
            "naive",
        ),
        (
            rest.SendSms(
                "D", "7", "t", None, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))
            ),
            "SendDate",
            "years",
        ),
        (rest.SendSmsBulk("DEVINO", (), "test"), "DestinationAddresses", "empty"),
        (rest.SendSmsBulk("DEVINO", ("7916", ""), "test"), "DestinationAddresses", "empty"),
        (rest.SendSmsBulk("DEVINO", ("7916", "7 "), "test"), "DestinationAddresses", "blanks"),
        (rest.SendSmsBulk("DEVINO", ("7916", 7), "test"), "DestinationAddresses", "str"),  # type: ignore[arg-type]
        (rest.SendSmsBulk("DEVINO", "7916", "test"), "DestinationAddresses", "tuple"),  # type: ignore[arg-type]
        (rest.SendViberBulk("D", ("7",), "t", None, ("",)), "Optionals", "empty"),
        (rest.GetSmsState("two words"), "messageId", "blank"),
        (rest.GetSmsState("1\n"), "messageId", "blank"),
        (rest.GetIncoming("now", datetime.now(UTC)), "minDateUTC", "datetime"),  # type: ignore[arg-type]
    ],
)
def test_an_unwritable_value_is_refused_with_its_argument(
    request_: rest.Request[object], argument: str, reason: str
) -> None:
    with pytest.raises(rest.EncodeError, match=reason) as caught:
        _rest.encode(request_, SESSION)
    assert caught.value.path == argument


def test_credentials_must_fit_the_request_and_not_be_empty() -> None:
    with pytest.raises(rest.EncodeError, match="GetSession cannot go with Session"):
        _rest.encode(rest.GetSession(), SESSION)
    with pytest.raises(rest.EncodeError, match="int cannot go with Login"):
        _rest.encode(7, LOGIN)  # type: ignore[arg-type]
    with pytest.raises(rest.EncodeError) as caught:
        _rest.encode(SEND, rest.Login("jo", ""))
    assert caught.value.path == "Password"
