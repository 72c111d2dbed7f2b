"""Two-factor codes: the forms of requests that occur, and the values that nobody may see."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from rich.pretty import pretty_repr

from devino_codecs import verification
from devino_codecs.errors import DecodeError
from devino_codecs.http import (
    ApiKey,
    HttpAnswer,
    HttpRequest,
    InvalidArgumentError,
    MissingArgumentError,
    Refusal,
    Request,
    UnknownResourceError,
    Verdict,
)
from devino_codecs.verification import API, CheckCode, CheckedCode, GenerateCode, SentCode

KEY = ApiKey("xCANARYx")
NUMBER, CODE = "79169492211", "01756"
FORM = "application/x-www-form-urlencoded"
IMSI = "D92C2B0A1D5C64BBA8DD8BCE43C4BA11"


def decode(target: str, body: bytes = b"", content_type: str = "", method: str = "POST") -> Any:
    headers = {"X-APIKEY": KEY.key, "Content-Type": content_type}
    call = API.decode_request(HttpRequest.of(method, target, headers=headers, body=body))
    assert call.credentials == KEY
    return call.request


def test_requests_are_written_as_json_with_the_key_in_its_header() -> None:
    http = API.encode_request(GenerateCode(NUMBER, IMSI), KEY)
    assert (http.method, http.path, http.content_type) == (
        "POST",
        "/GenerateCode",
        "application/json",
    )
    assert http.headers == {"X-ApiKey": KEY.key}
    assert http.body == f'{{"DestinationNumber":"{NUMBER}","IMSICode":"{IMSI}"}}'.encode()
    assert API.encode_request(GenerateCode(NUMBER), KEY).body == (
        f'{{"DestinationNumber":"{NUMBER}"}}'.encode()
    )


@pytest.mark.parametrize(
    "path", ["/CheckCode", "/checkcode/", "/json/reply/CheckCode", "//JSON/Reply/checkcode"]
)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"DestinationNumber":"79169492211","Code":"01756"}', "application/json"),
        (b'{"destinationNumber":79169492211,"code":"01756","More":[1]}', ""),
        (b'{"DestinationNumber":79169492211, "Code":01756}', "application/json"),
        (b"{DestinationNumber:79169492211,Code:01756}", "text/jsv"),
        (b" {'Code': '01756' , \"destinationnumber\": \"79169492211\"}\r\n", "text/plain"),
        (b"DestinationNumber=79169492211&Code=01756", FORM),
        (b"code=01756&destinationNumber=+79169492211+", f"{FORM}; charset=utf-8"),
        (b'{"DestinationNumber":79169492211, "Code":01756}', FORM),
    ],
)
def test_a_check_is_read_in_every_form_that_occurs(
    path: str, body: bytes, content_type: str
) -> None:
    assert decode(path, body, content_type) == CheckCode(NUMBER, CODE)


def test_a_query_is_read_too_under_any_verb() -> None:
    target = f"/json/reply/CheckCode?destinationNumber={NUMBER}&Code={CODE}"
    for method in ("GET", "POST", "PUT"):
        assert decode(target, method=method) == CheckCode(NUMBER, CODE)


def test_a_code_as_a_number_keeps_the_digits_that_it_has() -> None:
    body = b'{"DestinationNumber":79169492211, "Code":17565}'
    assert decode("/CheckCode", body) == CheckCode(NUMBER, "17565")
    body = b'{"DestinationNumber":"+79169492211", "Code":""}'
    assert decode("/CheckCode", body) == CheckCode(f"+{NUMBER}", "")


@pytest.mark.parametrize(
    ("body", "kind", "path"),
    [
        (b"", MissingArgumentError, "DestinationNumber"),
        (b"{}", MissingArgumentError, "DestinationNumber"),
        (b'{"DestinationNumber":"7","Code":null}', MissingArgumentError, "Code"),
        (b'{"DestinationNumber":"7","Code":17.5}', InvalidArgumentError, "Code"),
        (b"<CheckCode><Code>1</Code></CheckCode>", InvalidArgumentError, ""),
        (b"DestinationNumber,Code\n7,1\n", InvalidArgumentError, ""),
        (b'["DestinationNumber"]', InvalidArgumentError, ""),
        (b"{DestinationNumber}", InvalidArgumentError, ""),
        (b"{Code:" + b"1" * 5000 + b"}", InvalidArgumentError, ""),
    ],
)
def test_any_other_body_is_refused(body: bytes, kind: type[DecodeError], path: str) -> None:
    with pytest.raises(kind) as caught:
        decode("/CheckCode", body)
    assert caught.value.path == path
    with pytest.raises(UnknownResourceError):
        decode("/xml/reply/CheckCode", body)


def test_a_missing_key_is_read_as_empty() -> None:
    http = HttpRequest.of("POST", "/GenerateCode", body=b'{"DestinationNumber":7}')
    assert API.decode_request(http).credentials == ApiKey("")


ANSWERS: dict[type[Request[Any]], type[SentCode | CheckedCode]] = {
    GenerateCode: SentCode,
    CheckCode: CheckedCode,
}


@pytest.mark.parametrize(
    ("request_", "code"), [(request, code) for request, table in ANSWERS.items() for code in table]
)
def test_every_code_is_an_answer_or_a_refusal_and_200(
    request_: type[Request[Any]], code: SentCode | CheckedCode
) -> None:
    refused = code.means != Verdict.DONE
    answer: Any = Refusal(code, code.text, 200) if refused else code
    written = API.encode_answer(request_, answer)
    assert written.status == 200
    assert written.body == f'{{"Code":{code.value},"Description":"{code.text}"}}'.encode()
    assert API.decode_answer(request_, written) == answer
    as_text = written.body.replace(f":{code.value},".encode(), f':"{code.value}",'.encode())
    assert API.decode_answer(request_, HttpAnswer(200, as_text)) == answer


def test_only_a_valid_code_is_true() -> None:
    assert [code for code in CheckedCode if code] == [CheckedCode.VALID]
    assert {code.name for code in SentCode if code.means == Verdict.DONE} == {
        "SENT",
        "SIM_MISMATCH",
        "ALREADY_SENT",
    }


def test_a_code_in_no_table_is_a_refusal_without_a_meaning() -> None:
    body = b'{"Code":42,"Description":"?"}'
    for request in ANSWERS:
        refusal = API.decode_answer(request, HttpAnswer(200, body))
        assert refusal == Refusal(42, "?", 200)
        assert isinstance(refusal, Refusal)
        assert refusal.means == ""


@pytest.mark.parametrize("request_", [CheckCode(NUMBER, KEY.key), GenerateCode(NUMBER, KEY.key)])
def test_no_representation_shows_code_imsi_or_key(request_: Request[Any]) -> None:
    http = API.encode_request(request_, KEY)
    call = API.decode_request(
        HttpRequest.of("POST", http.path, headers=http.headers, body=http.body)
    )
    for value in (request_, http, call, [call], KEY):
        for shown in (repr(value), f"{value}", pretty_repr(value)):
            assert KEY.key not in shown


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
requests = st.one_of(
    st.builds(GenerateCode, text.map(str.strip).filter(bool), st.none() | text),
    st.builds(CheckCode, text.map(str.strip).filter(bool), text),
)


@settings(max_examples=200, deadline=None)
@given(requests)
def test_what_was_written_is_read_back(request: Request[Any]) -> None:
    http = API.encode_request(request, KEY)
    assert decode(http.path, http.body, http.content_type or "") == request


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60)
    | st.text("{}\",:'= \\CodeDestinationNumber0123456789", max_size=60).map(str.encode),
    st.sampled_from(["", FORM]),
)
@example(b'{"' + b'"a' * 1000 + b"}", "")
@example(b"{" + b" " * 4000 + b"}", "")
@example(b"{\xff:\xfe}", "")
def test_any_body_is_a_request_or_a_decode_error(body: bytes, content_type: str) -> None:
    for path in ("/GenerateCode", "/CheckCode"):
        try:
            request = decode(path, body, content_type)
        except DecodeError:
            continue
        http = API.encode_request(request, KEY)
        assert decode(path, http.body) == request


def test_importing_the_codec_imports_nothing_else() -> None:
    program = (
        "import msgspec, sys; before = set(sys.modules); import devino_codecs.verification;"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.split() == ["devino_codecs"]


def test_every_public_name_is_documented() -> None:
    assert [n for n in verification.__all__ if not getattr(verification, n).__doc__] == []
