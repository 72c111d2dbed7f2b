"""``verify``: a code is asked for, or checked."""

from __future__ import annotations

import rich_click as click

from devino_core.cli.toolkit import (
    App,
    ExitCode,
    complete_services,
    config_option,
    json_option,
    pass_app,
)

__all__ = ["verify"]


@click.command()
@click.argument("number")
# Click would show what it has no use for, and that may be a part of a code.
@click.argument("code", metavar="[CODE]", nargs=-1)
@click.option(
    "--service",
    metavar="NAME",
    shell_complete=complete_services,
    help="Configured service to use; otherwise the first of kind 2fa.",
)
@config_option
@json_option
@pass_app
def verify(app: App, number: str, code: tuple[str, ...], service: str | None) -> None:
    """Have a two-factor code sent to NUMBER, or check the CODE that was sent to it.

    Without CODE it exits with 0 if a code is on its way or was sent before, and with 1 if not. With
    CODE it exits with 0 only if it is the right one in time; then it is used up. Its limits count
    within one run: each `devino verify` begins anew.

    \b
    Examples:
      devino verify +79031234567
      devino verify +79031234567 01234
      devino verify +79031234567 01234 --service bank --json
    """
    # Not above: `devino --help` loads this module too.
    from devino_codecs.verification import CheckedCode, SentCode

    from ._service import Check, Sent, Verification

    if len(code) > 1:
        raise click.UsageError("give one CODE, without blanks")

    async def ask() -> Sent | Check:
        async with app.client() as client:
            verification = client.service_for(Verification, service=service)
            if code:
                return await verification.check(number, code[0])
            return await verification.generate(number)

    came = app.run(ask())
    if app.json:
        app.show({"number": number, "check" if code else "sent": came})
    else:
        meaning = (CheckedCode if code else SentCode)[came.name].meaning
        app.line(f"{came}: {meaning[0].lower()}{meaning[1:]}")
    done = came in {Check.VALID, Sent.SENT, Sent.ALREADY_SENT}
    app.finish(ExitCode.DONE if done else ExitCode.NOT_DONE)
