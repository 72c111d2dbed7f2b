"""The frame of the messengers' interfaces: HTTP's Basic, and the errors of a Spring web server."""

from __future__ import annotations

from typing import Any, ClassVar

from devino_codecs.http import Login, UnknownResourceError, write_json
from devino_codecs.viber import SpringError
from devino_sandbox._http import RawAnswer, RawRequest

from ._api import ApiService, Asked, InDemo

__all__ = ["SpringService"]

_JSON = (b"content-type", b"application/json;charset=UTF-8")
_ONCE = (b"authorization", b"content-type")


class SpringService(ApiService):
    """Inherit it. What does not reach the interface is refused here: other paths and verbs, a
    header that contradicts itself, a login that nobody has."""

    in_demo: ClassVar[InDemo | None] = "channel"
    challenge: ClassVar[tuple[bytes, bytes]] = (b"www-authenticate", b'Basic realm="devino"')

    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        for name in _ONCE:
            # Some clients send one twice.
            if len({value for one, value in http.headers if one == name}) > 1:
                return self.spring(http, 400, "Bad Request", f"Two different {name.decode()}")
        return super().read(http)

    def unknown(self, http: RawRequest, error: UnknownResourceError) -> RawAnswer:
        explained = super().unknown(http, error)
        phrase = "Method Not Allowed" if error.methods else "Not Found"
        answer = self.spring(http, explained.status, phrase, str(error))
        allowed = tuple([header for header in explained.headers if header[0] == b"allow"])
        return RawAnswer(answer.status, answer.body, (*answer.headers, *allowed))

    def stranger(self, asked: Asked[Any]) -> object:
        return self.unauthorized(asked.http)

    def unauthorized(self, http: RawRequest) -> RawAnswer:
        """The answer to a wrong login, or to none."""
        answer = self.spring(http, 401, "Unauthorized", "Bad credentials")
        return RawAnswer(answer.status, answer.body, (*answer.headers, self.challenge))

    def is_known(self, http: RawRequest) -> bool:
        """Somebody has the login of a request, which need not be readable for the rest."""
        [api] = self.apis.values()
        found = next((value for name, value in http.headers if name == b"authorization"), b"")
        login = api.auth.from_header(found.decode("latin-1"))
        return isinstance(login, Login) and self.account(login) is not None

    def spring(self, http: RawRequest, status: int, error: str, message: str) -> RawAnswer:
        """An error of the web server."""
        now = self.world.clock.now()
        body = SpringError(
            timestamp=int(now.timestamp() * 1000),
            status=status,
            error=error,
            message=message,
            path=http.path,
        )
        return RawAnswer(status, write_json(SpringError, body), (_JSON,))
