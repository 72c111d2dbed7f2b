"""``segments``: what a text costs."""

from __future__ import annotations

import rich_click as click

from devino_core.cli.toolkit import App, json_option, one_line, pass_app

__all__ = ["segments"]


@click.command()
@click.argument("text")
@json_option
@pass_app
def segments(app: App, text: str) -> None:
    """Tell how many SMS a text becomes, in which alphabet, and what room is left.

    \b
    Examples:
      devino segments "Your code is 1234"
      devino segments "Ваш код 1234" --json
    """
    # `devino --help` loads this module too, and needs no alphabet.
    from devino_codecs.errors import EncodeError
    from devino_codecs.text import Alphabet, is_gsm7, segment

    try:
        cut = segment(text)
    except EncodeError as error:
        raise click.BadParameter(str(error), param_hint="'TEXT'") from None
    foreign = next((char for char in text if not is_gsm7(char)), None)
    if app.json:
        app.show(
            {
                "alphabet": cut.alphabet.name,
                "parts": cut.parts_count,
                "units": cut.units,
                "units_left": cut.units_left,
                "texts": cut.parts,
                "because_of": foreign,
            }
        )
        return
    unit = "septets" if cut.alphabet is Alphabet.GSM7 else "16-bit units"
    app.line(
        f"{cut.alphabet.name}, {cut.parts_count} SMS, {cut.units} {unit}, "
        f"{cut.units_left} left in the last"
    )
    if foreign is not None:
        app.line(f"UCS2 because of {one_line(foreign)!r}, which GSM7 lacks")
    if cut.parts_count > 1:
        for number, part in enumerate(cut.parts, 1):
            app.line(f"{number:3}  {one_line(part)}")
