"""What an envelope says, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import cast

from devino_codecs import DecodeError, soap
from devino_plugins.kit.decoding import shown

__all__ = ["read"]


def read(data: bytes) -> Mapping[str, object]:
    problems: list[DecodeError] = []
    readings: list[Mapping[str, object]] = []
    for attempt in _READERS:
        try:
            readings.append(attempt(data))
        except DecodeError as error:
            problems.append(error)
    # Services share operations, and differ in who asks: the right one has found somebody.
    if readings:
        return min(readings, key=lambda reading: "credentials" not in reading)
    # That a body is of no such operation is said by all but one.
    raise max(problems, key=lambda problem: problem.path != "Body")


def _request_to(service: soap.Service, data: bytes) -> Mapping[str, object]:
    call = soap.decode_request(service, data)
    reading: dict[str, object] = {
        "kind": "request",
        "version": call.version.value,
        "service": service.name,
        "operation": call.request.operation.name,
    }
    if any(getattr(call.credentials, name) for name in call.credentials.__struct_fields__):
        reading["credentials"] = shown(call.credentials)
    reading["arguments"] = shown(call.request)
    return reading


def _answer_to(request: type[soap.Request[object]], data: bytes) -> Mapping[str, object]:
    result = soap.decode_answer(request, data)
    version = soap.guess_version(data).value
    if isinstance(result, soap.Fault):
        return {
            "kind": "fault",
            "version": version,
            "code": result.code,
            "message": result.message,
            "rest_code": result.rest_code,
        }
    return {
        "kind": "answer",
        "version": version,
        "operation": request.operation.name,
        "result": "***" if issubclass(request, soap.GetSessionID) else shown(result),
    }


_OPERATIONS = cast(
    "Iterable[type[soap.Request[object]]]",
    dict.fromkeys(request for service in soap.SERVICES for request in service.requests),
)
_READERS: Sequence[Callable[[bytes], Mapping[str, object]]] = (
    *(partial(_request_to, service) for service in soap.SERVICES),
    *(partial(_answer_to, request) for request in _OPERATIONS),
)
