"""Makes the description of a service from the table of its operations."""

from __future__ import annotations

from typing import Final, NamedTuple

from lxml import etree

from devino_codecs._xml import Element as XmlElement
from devino_codecs._xml import escape_attribute
from devino_codecs.errors import EncodeError

from ._calls import soap_action
from ._envelope import NAMESPACE
from ._operations import AnyRequest, Service, result_of
from ._schema import Array, Complex, Element, Simple, Type, fields

__all__ = ["wsdl"]


class _Binding(NamedTuple):
    prefix: str
    namespace: str
    suffix: str


_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_XS: Final = "http://www.w3.org/2001/XMLSchema"
_HTTP: Final = "http://schemas.xmlsoap.org/soap/http"
_BINDINGS: Final = (
    _Binding("soap", "http://schemas.xmlsoap.org/wsdl/soap/", "Soap"),
    _Binding("soap12", "http://schemas.xmlsoap.org/wsdl/soap12/", "Soap12"),
)
_PREFIXES: Final = {
    "wsdl": _WSDL,
    "s": _XS,
    "tns": NAMESPACE,
    **{binding.prefix: binding.namespace for binding in _BINDINGS},
}


def wsdl(service: Service, address: str) -> bytes:
    """The answer to ``?WSDL``: document/literal wrapped, with qualified elements.

    It has bindings for SOAP 1.1 and 1.2, both at ``address`` (the URL that the client posts to).
    The order and types of SmsService are those that the platform publishes; those of the other
    services are the manual's. Raises :exc:`EncodeError` if the address cannot be written.
    """
    try:
        escape_attribute(address)
    except EncodeError as exc:
        exc.path = "address"
        raise
    root = etree.Element(f"{{{_WSDL}}}definitions", nsmap=_PREFIXES)
    root.set("targetNamespace", NAMESPACE)
    _types(_add(root, "wsdl:types"), service)
    for request in service.requests:
        for direction, element in _messages(request):
            message = _add(root, "wsdl:message", name=f"{request.operation.name}Soap{direction}")
            _add(message, "wsdl:part", name="parameters", element=f"tns:{element}")
    _port_type(root, service)
    for binding in _BINDINGS:
        _binding(root, service, binding)
    described = _add(root, "wsdl:service", name=service.name)
    for binding in _BINDINGS:
        name = f"{service.name}{binding.suffix}"
        port = _add(described, "wsdl:port", name=name, binding=f"tns:{name}")
        _add(port, f"{binding.prefix}:address", location=address)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _add(parent: XmlElement, tag: str, /, **attributes: str) -> XmlElement:
    prefix, _, local = tag.partition(":")
    return etree.SubElement(parent, f"{{{_PREFIXES[prefix]}}}{local}", attributes)


def _messages(request: type[AnyRequest]) -> tuple[tuple[str, str], tuple[str, str]]:
    name = request.operation.name
    return ("In", name), ("Out", f"{name}Response")


def _port_type(root: XmlElement, service: Service) -> None:
    port_type = _add(root, "wsdl:portType", name=f"{service.name}Soap")
    for request in service.requests:
        name = request.operation.name
        operation = _add(port_type, "wsdl:operation", name=name)
        _add(operation, "wsdl:input", message=f"tns:{name}SoapIn")
        _add(operation, "wsdl:output", message=f"tns:{name}SoapOut")


def _binding(root: XmlElement, service: Service, binding: _Binding) -> None:
    soap = binding.prefix
    bound = _add(
        root,
        "wsdl:binding",
        name=f"{service.name}{binding.suffix}",
        type=f"tns:{service.name}Soap",
    )
    _add(bound, f"{soap}:binding", transport=_HTTP)
    for request in service.requests:
        operation = _add(bound, "wsdl:operation", name=request.operation.name)
        _add(operation, f"{soap}:operation", soapAction=soap_action(request), style="document")
        for direction in ("input", "output"):
            _add(_add(operation, f"wsdl:{direction}"), f"{soap}:body", use="literal")


def _types(parent: XmlElement, service: Service) -> None:
    schema = _add(parent, "s:schema", elementFormDefault="qualified", targetNamespace=NAMESPACE)
    named: dict[str, Type] = {}
    for request in service.requests:
        operation = request.operation
        arguments = [
            field.element
            for cls in (service.credentials_of(request), request)
            for field in fields(cls)
        ]
        wrappers = (
            (operation.name, arguments),
            (f"{operation.name}Response", [result_of(request)]),
        )
        for name, elements in wrappers:
            wrapper = _add(schema, "s:element", name=name)
            _sequence(_add(wrapper, "s:complexType"), elements, named)
    # Types may need other types, so the list grows while it is read.
    done: set[str] = set()
    while missing := [name for name in named if name not in done]:
        done.add(missing[0])
        _type(schema, named[missing[0]], named)


def _sequence(parent: XmlElement, elements: list[Element], named: dict[str, Type]) -> None:
    sequence = _add(parent, "s:sequence")
    for element in elements:
        attributes = {
            "minOccurs": str(element.min_occurs),
            "maxOccurs": "1",
            "name": element.name,
            "type": _reference(element.type, named),
        }
        if element.nillable:
            attributes["nillable"] = "true"
        _add(sequence, "s:element", **attributes)


def _type(schema: XmlElement, kind: Type, named: dict[str, Type]) -> None:
    if isinstance(kind, Simple):
        simple = _add(schema, "s:simpleType", name=kind.name)
        restriction = _add(simple, "s:restriction", base=f"s:{kind.scalar.xsd}")
        for value in kind.values:
            _add(restriction, "s:enumeration", value=value)
        return
    complex_type = _add(schema, "s:complexType", name=kind.name)
    if isinstance(kind, Complex):
        _sequence(complex_type, [field.element for field in fields(kind.cls)], named)
        return
    _add(
        _add(complex_type, "s:sequence"),
        "s:element",
        minOccurs="0",
        maxOccurs="unbounded",
        name=kind.item,
        nillable="true",
        type=_reference(kind.of, named),
    )


def _reference(kind: Type, named: dict[str, Type]) -> str:
    if isinstance(kind, Array | Complex) or kind.name:
        named.setdefault(kind.name, kind)
        return f"tns:{kind.name}"
    return f"s:{kind.scalar.xsd}"
