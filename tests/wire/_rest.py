"""Short forms for the REST codec: the credentials or the path choose the version."""

from __future__ import annotations

from typing import Any

from devino_codecs import rest


def api_of(request: object, credentials: object) -> rest.Api:
    """The version that these credentials mean."""
    one = isinstance(credentials, rest.Session) or isinstance(request, rest.GetSession)
    return rest.V1 if one else rest.V2


def encode(
    request: rest.Request[Any], credentials: rest.Session | rest.Login, *, in_url: bool = False
) -> rest.HttpRequest:
    """The request, with its path from the root of the host."""
    api = api_of(request, credentials)
    http = api.encode_request(request, credentials, in_url=in_url)
    return below(api, http)


def below(api: rest.Api, http: rest.HttpRequest) -> rest.HttpRequest:
    prefix = tuple(api.prefixes[0].split("/"))
    return rest.HttpRequest(
        http.method, prefix + http.segments, http.query, http.headers, http.body, http.content_type
    )


def decode(
    path: str, query: str | bytes = "", body: bytes = b"", *, split_lists: bool = False
) -> tuple[Any, Any]:
    """The request and its credentials."""
    http = rest.HttpRequest.of("POST", path, query, body=body)
    call = rest.decode_request(http, split_lists=split_lists)
    return call.request, call.credentials


def read(request: type[rest.Request[Any]], http_status: int, body: bytes) -> Any:
    """The answer to a request of this type."""
    answer = rest.HttpAnswer(http_status, body)
    read = rest.V1.decode_answer(request, answer)
    if request is not rest.GetSession:
        assert rest.V2.decode_answer(request, answer) == read
    return read


def written(request: type[rest.Request[Any]], answer: Any) -> bytes:
    """The body of an answer."""
    return rest.V1.encode_answer(request, answer).body
