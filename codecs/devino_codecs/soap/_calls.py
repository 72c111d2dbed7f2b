"""Turns requests and answers into bytes and back, by the table of operations."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from devino_codecs._xml import MAX_SIZE, local_name
from devino_codecs.errors import DecodeError, EncodeError

from ._envelope import NAMESPACE, Version, body_of, envelope
from ._fault import Fault, fault_of
from ._operations import AnyRequest, Credentials, Request, Service, result_of
from ._schema import children, read_element, read_fields, write_element, write_fields

__all__ = [
    "Call",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
    "headers",
    "soap_action",
]

R = TypeVar("R")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came: the credentials, the request, and the SOAP version for the answer."""

    credentials: Credentials
    request: AnyRequest
    version: Version


def encode_request(
    service: Service,
    credentials: Credentials,
    request: AnyRequest,
    *,
    version: Version = Version.SOAP_12,
) -> bytes:
    """A request in its envelope, compact, UTF-8 (chapters 7 and 8). Send it with :func:`headers`.

    Raises :exc:`EncodeError`. Its path uses the wire's names:
    ``message.DestinationAddresses[1]``.
    """
    if type(request) not in service.requests:
        raise EncodeError(f"{service.name} takes no {type(request).__name__}")
    expected = service.credentials_of(type(request))
    if type(credentials) is not expected:
        raise EncodeError(
            f"{request.operation.name} of {service.name} takes a {expected.__name__}, "
            f"not a {type(credentials).__name__}",
            path="credentials",
        )
    name = request.operation.name
    body = (
        f'<{name} xmlns="{NAMESPACE}">{write_fields(credentials)}{write_fields(request)}</{name}>'
    )
    return envelope(body, version)


def decode_request(service: Service, data: bytes, *, max_size: int = MAX_SIZE) -> Call:
    """Read what a client asks of ``service``.

    Elements are found by local name, in any case and order. Absent, empty and ``xsi:nil`` mean the
    same. Absent strings are ``""``, credentials too: the platform decides whether to refuse them.
    Only the body names the operation; SOAPAction does not count. Raises :exc:`DecodeError`.
    """
    version, element = body_of(data, max_size)
    asked = local_name(element.tag).lower()
    for request in service.requests:
        if request.operation.name.lower() == asked:
            found = children(element)
            return Call(
                credentials=read_fields(service.credentials_of(request), found),
                request=read_fields(request, found),
                version=version,
            )
    raise DecodeError(f"{service.name} has no such operation", path="Body")


def encode_answer(
    request: type[Request[R]], result: R, *, version: Version = Version.SOAP_12
) -> bytes:
    """The platform's answer to a request, compact, in the version of the request.

    Raises :exc:`EncodeError`.
    """
    name = f"{request.operation.name}Response"
    body = f'<{name} xmlns="{NAMESPACE}">{write_element(result_of(request), result)}</{name}>'
    return envelope(body, version)


def decode_answer(request: type[Request[R]], data: bytes, *, max_size: int = MAX_SIZE) -> R | Fault:
    """The result of a request, or the fault that came in its place, of either version.

    It is as tolerant as :func:`decode_request`. If an SMS held a character that XML does not allow,
    .NET writes it as a reference; here it becomes U+FFFD. Raises :exc:`DecodeError`.
    """
    version, element = body_of(data, max_size, mend=True)
    fault = fault_of(element, version)
    if fault is not None:
        return fault
    name, expected = request.operation.name, result_of(request)
    if local_name(element.tag).lower() != f"{name}Response".lower():
        raise DecodeError(f"{name}Response is expected, not another element", path="Body")
    found = children(element)
    # The manual gives one result the name of another operation; .NET would not.
    named = (expected.name, f"{name}Result")
    held = next((found[name.lower()] for name in named if name.lower() in found), None)
    result: R = read_element(expected, held)
    return result


def soap_action(request: type[AnyRequest]) -> str:
    """The URI of an operation: the SOAPAction of 1.1, the ``action`` of 1.2."""
    return f"{NAMESPACE}/{request.operation.name}"


def headers(request: type[AnyRequest], version: Version = Version.SOAP_12) -> dict[str, str]:
    """The HTTP headers of a request: Content-Type, and for 1.1 a quoted SOAPAction.

    For 1.2 the action is left out, as in the manual: the body says the same.
    """
    named = {"Content-Type": version.content_type}
    if version is Version.SOAP_11:
        named["SOAPAction"] = f'"{soap_action(request)}"'
    return named
