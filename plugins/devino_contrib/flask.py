"""The client in Flask.

::

    app = Flask(__name__)
    app.config["DEVINO"] = {"promo": {"kind": "rest", "login": "me", "password": "..."}}
    devino = Devino(app)
    app.register_blueprint(callbacks(take, secrets=[Secret("...")]), url_prefix="/devino")

    @app.post("/notify")
    def notify():
        return devino.client.send(Message(request.json["to"], request.json["text"]))

A view may return a receipt, and JSON may hold one. ``flask devino send`` and ``flask devino check``
use the application's settings. Needs the extra ``flask``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import WeakSet

from devino_core import (
    Client,
    DevinoError,
    Event,
    Message,
    Receipt,
    Secret,
    Status,
    Unsupported,
    shared,
)
from devino_core.callbacks import CallbackRequest, CallbackSpec, Take
from devino_core.remembered import Remembered
from devino_core.shared import Source

from ._answers import answer_to
from ._needs import needs

with needs("flask"):
    import click
    from flask import Blueprint, Flask, Response, current_app, jsonify, request
    from flask.blueprints import BlueprintSetupState
    from flask.cli import AppGroup
    from flask.json.provider import DefaultJSONProvider

__all__ = ["Devino", "callbacks"]

_PORTABLE = (Message, Receipt, Status)


class Devino:
    """The extension. ``channels`` is as for :class:`~devino_core.Client`; None: the application's
    ``DEVINO``, else as the file and the environment say.

    The client is the process' own (:mod:`devino_core.shared`): it is opened at its first use, after
    a server has forked, and tests put another one there with ``shared.override``.
    """

    def __init__(self, app: Flask | None = None, channels: Source = None) -> None:
        self._channels = channels
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Let the application answer with receipts and for errors, and have ``flask devino``."""
        if self._channels is None:
            self._channels = app.config.get("DEVINO")
        app.extensions["devino"] = self
        app.register_error_handler(DevinoError, _answer)
        app.cli.add_command(self._commands())
        if isinstance(app.json, DefaultJSONProvider):
            app.json.default = _writing(app.json.default)
        # Flask itself takes dicts and lists only, and says so after the message has gone out.
        app.make_response = _answering(app.make_response)  # type: ignore[method-assign, assignment]

    @property
    def client(self) -> Client:
        """The client of this process, open. Raises ConfigurationError."""
        return shared.client(self._channels)

    def _commands(self) -> AppGroup:
        group = AppGroup("devino", help="Messages through the application's channels.")

        @group.command()
        @click.argument("to")
        @click.argument("text")
        @click.option("--sender", help="What the recipient sees.")
        @click.option("--channel", help="A channel's name.")
        def send(to: str, text: str, sender: str | None, channel: str | None) -> None:
            """Send TEXT to a number."""
            with _told():
                receipt = self.client.send(Message(to, text, sender=sender), channel=channel)
                click.echo(f"{receipt.status.state} {' '.join(receipt.ids)}")

        @group.command()
        def check() -> None:
            """Ask the platform whether it takes each channel's login."""
            with _told():
                for name, channel in self.client.channels.items():
                    try:
                        self.client.call(channel.try_login)
                    except Unsupported:
                        click.echo(f"{name}: cannot be asked")
                    else:
                        click.echo(f"{name}: ready")

        return group


def callbacks(
    take: Take,
    *,
    secrets: Iterable[Secret],
    sources: Iterable[str | CallbackSpec] | None = None,
    networks: Iterable[str] = (),
    max_body: int = 1024 * 1024,
    deadline: float = 25.0,
    seen: Remembered | None = None,
) -> Blueprint:
    """A blueprint that receives what the platform posts to ``/<secret>/<source>`` below its prefix.

    The arguments are those of :meth:`Client.callbacks <devino_core.Client.callbacks>`. ``take``
    runs in a thread of its own, within the application's context. Without ``seen`` each process
    remembers for itself which events were taken. An application has one such blueprint, and
    registering it raises ConfigurationError for arguments that cannot be used.
    """
    receiver = _Receiver(
        partial(
            Client.callbacks,
            secrets=list(secrets),
            sources=None if sources is None else list(sources),
            networks=list(networks),
            max_body=max_body,
            deadline=deadline,
            seen=seen,
        ),
        take,
        max_body,
    )
    blueprint = Blueprint("devino", __name__)
    blueprint.record_once(receiver.check)
    blueprint.add_url_rule(
        "/<path:path>",
        "callbacks",
        receiver.answer,
        methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        provide_automatic_options=False,
    )
    return blueprint


class _Receiver:
    """Receives by the client of each process."""

    def __init__(self, attach: Callable[[Client, Take], object], take: Take, most: int) -> None:
        self._attach = attach
        self._take = take
        self._most = most
        self._receiving: WeakSet[Client] = WeakSet()
        self._turn = threading.Lock()

    def check(self, state: BlueprintSetupState) -> None:
        if "devino" not in state.app.extensions:
            raise RuntimeError("give the application Devino(app) before the blueprint of callbacks")
        # A client of no channels: those of the application may be another one's settings by now.
        self._attach(Client({}), self._take)

    def answer(self, path: str) -> Response:
        client = current_app.extensions["devino"].client
        with self._turn:
            if client not in self._receiving:
                app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - as Flask's documentation has it
                self._attach(client, _within(app, self._take))
                self._receiving.add(client)
        answer = client.handle_callback(
            CallbackRequest(
                method=request.method,
                path=f"/{path}",
                query=request.query_string,
                headers=dict(request.headers),
                # One byte above the limit is enough to refuse the body.
                body=request.stream.read(self._most + 1),
                peer=request.remote_addr,
            )
        )
        return Response(answer.body, answer.status, answer.headers)


def _within(app: Flask, take: Take) -> Take:
    def taken(event: Event) -> Any:
        with app.app_context():
            return take(event)

    return taken


class _told:  # noqa: N801 - used as a function
    """An error of this library ends the command with its text."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DevinoError):
            raise click.ClickException(str(error)) from error


def _answer(error: DevinoError) -> Response:
    answer = answer_to(error)
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers.update(answer.headers)
    return response


def _writing(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        return value.to_dict() if isinstance(value, _PORTABLE) else default(value)

    return write


def _answering(make_response: Callable[[Any], Response]) -> Callable[[Any], Response]:
    def answer(value: Any) -> Response:
        if isinstance(value, tuple) and value and isinstance(value[0], _PORTABLE):
            value = (value[0].to_dict(), *value[1:])
        return make_response(value.to_dict() if isinstance(value, _PORTABLE) else value)

    return answer
