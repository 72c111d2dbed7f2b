"""Envelopes of SOAP 1.1 and 1.2, without their content."""

from __future__ import annotations

from enum import Enum
from typing import Final

from devino_codecs._xml import DECLARATION, MAX_SIZE, Element, parse
from devino_codecs.errors import DecodeError

from ._schema import XSI

__all__ = ["NAMESPACE", "Version", "body_of", "envelope", "guess_version"]

NAMESPACE: Final = "http://ws.devinosms.com"
"""The namespace of the services' own elements."""
_XSD = "http://www.w3.org/2001/XMLSchema"


class Version(Enum):
    """The version of SOAP, by the envelope's namespace. An answer has its request's version."""

    SOAP_11 = "1.1"
    SOAP_12 = "1.2"

    @property
    def namespace(self) -> str:
        """The namespace of ``Envelope``, ``Body`` and ``Fault``."""
        return _NAMESPACES[self]

    @property
    def content_type(self) -> str:
        """The content type of requests and answers, faults included."""
        return _CONTENT_TYPES[self]


_NAMESPACES = {
    Version.SOAP_11: "http://schemas.xmlsoap.org/soap/envelope/",
    Version.SOAP_12: "http://www.w3.org/2003/05/soap-envelope",
}
_CONTENT_TYPES = {
    Version.SOAP_11: "text/xml; charset=utf-8",
    Version.SOAP_12: "application/soap+xml; charset=utf-8",
}
_PREFIXES = {Version.SOAP_11: "soap", Version.SOAP_12: "soap12"}
_VERSIONS = {namespace: version for version, namespace in _NAMESPACES.items()}


def envelope(body: str, version: Version, prefix: str | None = None) -> bytes:
    """``body`` in an envelope, compact. The prefix is the manual's unless one is given."""
    soap = prefix or _PREFIXES[version]
    return (
        f'{DECLARATION}<{soap}:Envelope xmlns:xsi="{XSI}" xmlns:xsd="{_XSD}" '
        f'xmlns:{soap}="{version.namespace}"><{soap}:Body>{body}</{soap}:Body></{soap}:Envelope>'
    ).encode()


def body_of(
    data: bytes, max_size: int = MAX_SIZE, *, mend: bool = False
) -> tuple[Version, Element]:
    """The version of an envelope and the first element of its body. It ignores headers."""
    root = parse(data, max_size=max_size, mend=mend)
    namespace, _, name = root.tag.removeprefix("{").rpartition("}")
    if name != "Envelope":
        raise DecodeError("the document is not a SOAP envelope")
    version = _VERSIONS.get(namespace)
    if version is None:
        raise DecodeError("the envelope is neither of SOAP 1.1 nor of SOAP 1.2", path="Envelope")
    for child in root:
        if child.tag == f"{{{version.namespace}}}Body":
            for element in child:
                return version, element
            raise DecodeError("the body is empty", path="Body")
    raise DecodeError("the envelope has no body", path="Body")


def guess_version(data: bytes) -> Version:
    """The version for a fault about an envelope that cannot be read."""
    of_12 = _NAMESPACES[Version.SOAP_12].encode() in data[:4096]
    return Version.SOAP_12 if of_12 else Version.SOAP_11
