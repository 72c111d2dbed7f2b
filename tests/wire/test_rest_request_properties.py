"""Properties of REST requests, with urllib as the oracle."""

from datetime import UTC
from urllib.parse import parse_qsl, urlencode

import hypothesis.strategies as st
from hypothesis import example, given, settings

from devino_codecs import rest
from tests.wire import _rest

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
phone = st.one_of(st.from_regex(r"\+?[0-9]{11}", fullmatch=True), text.map(str.strip)).filter(bool)
message_id = st.one_of(
    st.from_regex(r"[0-9A-Z+-]{1,40}", fullmatch=True), text.filter(lambda t: t.split() == [t])
)
naive = st.datetimes().map(lambda d: d.replace(microsecond=0, fold=0))
aware = naive.map(lambda d: d.replace(tzinfo=UTC))
minutes = st.none() | st.integers(1, 2**31 - 1)
phones = st.lists(phone, min_size=1, max_size=4).map(tuple)
optionals = st.lists(text, max_size=3).map(tuple)

REQUESTS = {
    rest.GetBalance: (),
    rest.SendSms: (text, phone, text, minutes, st.none() | aware),
    rest.SendSmsByTimeZone: (text, phone, text, minutes, st.none() | naive),
    rest.SendSmsBulk: (text, phones, text, minutes, st.none() | aware),
    rest.SendSmsByTimeZoneToAddresses: (text, phones, text, minutes, st.none() | naive),
    rest.GetSmsState: (message_id,),
    rest.GetIncoming: (aware, aware),
    rest.GetStatistics: (naive, naive),
    rest.SendViber: (text, phone, text, minutes, st.none() | text),
    rest.SendViberBulk: (text, phones, text, minutes, optionals),
    rest.SendViberWithResend: (text, phone, text, minutes, st.none() | text),
    rest.SendViberWithResendBulk: (text, phones, text, minutes, optionals),
    rest.GetViberState: (message_id,),
    rest.HlrSend: (phones, st.integers(1, 2**31 - 1)),
    rest.HlrGetState: (st.lists(message_id, min_size=1, max_size=4).map(tuple),),
}
logins = st.builds(rest.Login, text, text)
exchanges = st.one_of(
    st.tuples(st.just(rest.GetSession()), logins),
    *(
        st.tuples(st.builds(request, *arguments), st.builds(rest.Session, text) | logins)
        for request, arguments in REQUESTS.items()
    ),
)


def test_the_properties_know_every_operation() -> None:
    assert {*REQUESTS, rest.GetSession} == {operation.request for operation in rest.V1.operations}


@settings(max_examples=200, deadline=None)
@given(exchanges, st.booleans())
def test_what_was_written_is_read_back(
    exchange: tuple[rest.Request[object], rest.Session | rest.Login], in_url: bool
) -> None:
    http = _rest.encode(*exchange, in_url=in_url)
    assert _rest.decode(http.path, http.query, http.body) == exchange


@settings(max_examples=200, deadline=None)
@given(exchanges)
def test_urllib_reads_what_was_written_and_writes_the_same(
    exchange: tuple[rest.Request[object], rest.Session | rest.Login],
) -> None:
    body = _rest.encode(*exchange).body.decode("ascii")
    pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
    assert all(value for _, value in pairs)
    assert urlencode(pairs, safe=":") == body.replace("%3A", ":")


@settings(max_examples=100, deadline=None)
@given(exchanges)
def test_what_urllib_writes_is_read(
    exchange: tuple[rest.Request[object], rest.Session | rest.Login],
) -> None:
    http = _rest.encode(*exchange)
    theirs = urlencode([(n.lower(), v) for n, v in parse_qsl(http.body.decode())])
    assert _rest.decode(http.path.upper(), theirs) == exchange


names = st.sampled_from(
    [
        "SessionID",
        "login",
        "password",
        "data",
        "Data[0]",
        "SourceAddress",
        "DestinationAddress",
        "DestinationAddresses[]",
        "validity",
        "sendDate",
        "messageId",
        "minDateUTC",
        "maxDateUTC",
        "startDateTime",
        "endDateTime",
        "optional",
        "Optionals[7]",
        "%",
    ]
)
values = st.binary(max_size=12) | st.sampled_from([b"2011-01-28T16:00:00", b"79161002030", b"10"])
forms = st.lists(st.tuples(names, values), max_size=12).map(
    lambda pairs: b"&".join(name.encode() + b"=" + value for name, value in pairs)
)
paths = st.text(max_size=30) | st.sampled_from(
    [
        f"/{api.prefixes[0]}/{operation.path}"
        for api in (rest.V1, rest.V2)
        for operation in api.operations
    ]
)


@settings(max_examples=250, deadline=None)
@given(paths, st.text() | st.binary() | forms, st.binary() | forms, st.booleans())
@example("/rest/user/sessionid", "\ud800=\ud800&login=\ud800&password=1", b"", False)
@example("/rest/Sms/Send\ud800", b"", b"", True)
def test_any_request_gives_a_value_or_a_decode_error(
    path: str, query: str | bytes, body: bytes, split: bool
) -> None:
    try:
        request, credentials = _rest.decode(path, query, body, split_lists=split)
    except rest.DecodeError:
        return
    # Any value that was read can be written, and is then canonical.
    http = _rest.encode(request, credentials)
    again = _rest.decode(http.path, http.query, http.body)
    assert _rest.encode(*again) == http
