"""``segments``: what a text costs."""

from __future__ import annotations

import rich_click as click

from devino_core.cli.toolkit import App, given_text, json_option, one_line, pass_app

__all__ = ["segments"]


@click.command()
@click.argument("text", type=given_text)
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
    at = next((at for at, char in enumerate(text) if not is_gsm7(char)), None)
    foreign = None if at is None else text[at]
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
    if foreign is not None and at is not None:
        app.line(f"UCS2 because of {_named(foreign)} at position {at}, which GSM7 lacks")
    if cut.parts_count > 1:
        for number, part in enumerate(cut.parts, 1):
            app.line(f"{number:3}  {one_line(part)}")


def _named(char: str) -> str:
    """A character as it looks, where one can see it alone, and as Unicode calls it."""
    import unicodedata

    # A mark would stand on the quotation mark.
    shown = char.isprintable() and not unicodedata.combining(char)
    name = unicodedata.name(char, "unnamed")
    return f"{char!r} (U+{ord(char):04X} {name})" if shown else f"U+{ord(char):04X} {name}"
