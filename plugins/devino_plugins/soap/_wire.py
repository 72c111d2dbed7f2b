"""The SOAP services as the client asks them: :class:`~devino_plugins.kit.Wire`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devino_codecs import soap
from devino_codecs.http import Answered, HttpRequest, Login, Refusal, Session
from devino_codecs.masking import Kinds

__all__ = ["SoapWire"]


class SoapWire:
    """Some services, in one version of SOAP, as one interface."""

    def __init__(
        self, services: Sequence[soap.Service], version: soap.Version = soap.Version.SOAP_12
    ) -> None:
        self._services = {request: service for service in services for request in service.requests}
        self._version = version

    def row(self, request: type[Any]) -> soap.Operation:
        operation: soap.Operation = request.operation
        return operation

    def encode_request(self, request: Any, credentials: Login | Session) -> HttpRequest:
        service = self._services[type(request)]
        who: soap.Credentials
        if isinstance(credentials, Login):
            who = soap.Login(login=credentials.login, password=credentials.password)
        else:
            who = soap.Session(session_id=credentials.id)
        body = soap.encode_request(service, who, request, version=self._version)
        headers = soap.headers(type(request), self._version)
        content_type = headers.pop("Content-Type")
        segments = tuple(service.path.removeprefix("/").split("/"))
        return HttpRequest("POST", segments, "", headers, body, content_type)

    def kinds(self, request: type[Any]) -> tuple[Kinds, Kinds]:
        return soap.kinds(request)

    def decode_answer(self, request: type[Any], answer: Answered) -> Any:
        result: object = soap.decode_answer(request, answer.body)
        if isinstance(result, soap.Fault):
            return Refusal(result.code, result.reason, answer.status)
        if request is soap.GetSessionID:
            # The bare id would be seen in the frames that it passes.
            return Session(str(result))
        return result
