"""The client in Flask.

::

    app = Flask(__name__)
    app.config["DEVINO"] = {"promo": {"kind": "rest", "login": "me", "password": "..."}}
    devino = Devino(app)

    @app.post("/notify")
    def notify():
        return devino.client.send(Message(request.json["to"], request.json["text"]))

A view may return a receipt, and JSON may hold one. ``flask devino send`` and ``flask devino check``
use the application's settings. Needs the extra ``flask``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devino_core import Client, DevinoError, Message, Receipt, Status, Unsupported, shared
from devino_core.shared import Source

from ._answers import answer_to
from ._needs import needs

with needs("flask"):
    import click
    from flask import Flask, Response, jsonify
    from flask.cli import AppGroup
    from flask.json.provider import DefaultJSONProvider

__all__ = ["Devino"]

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
