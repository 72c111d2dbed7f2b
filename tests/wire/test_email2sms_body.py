"""The three bodies of chapter 4: how they are written and read, and what they cannot hold."""

from __future__ import annotations

import pytest

from devino_codecs import email2sms
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template
from devino_codecs.errors import DecodeError, EncodeError
from tests._vectors import VECTORS, Vector, vector_id, vectors

pytestmark = pytest.mark.pythons

KINDS = [Template, Semicolon, Base64]
ONE_LINE = [Semicolon, Base64]
START, END = "==|| НАЧАЛО ТЕКСТА ||==", "==|| КОНЕЦ ТЕКСТА ||=="

CANONICAL: dict[str, Submission] = {
    "04-003": Template(
        login="7284_smuser777",
        password="qwerty12",
        sender="My Bank",
        numbers=("+79161234567",),
        text="Summa scheta 1038.35 Summa k oplate:1038.26",
    ),
    "04-006": Semicolon(
        login="Ваш логин",
        password="Ваш пароль",
        sender="TEL",
        numbers=("79001234567",),
        text="Привет, мир!",
    ),
    "04-010": Base64(
        login="Ваш логин",
        password="Ваш пароль",
        sender="TEL",
        numbers=("79001234567",),
        text="Привет, мир!",
    ),
    "04-011": Base64(
        login="Ваш логин",
        password="Ваш пароль",
        sender="TEL",
        numbers=("79001234567", "79001234567"),
        text="Привет мир!",
    ),
}


def submission(kind: type[Submission], **changed: object) -> Submission:
    fields: dict[str, object] = {
        "login": "user",
        "password": "secret",
        "sender": "My Bank",
        "numbers": ("+79161234567",),
        "text": "Привет",
    }
    return kind(**fields | changed)  # type: ignore[arg-type]


def template(*lines: str, end: str = "\n") -> bytes:
    return end.join(lines).encode("cp1251")


FIELDS = ("UserLogin=user", "Password=secret", "SourceAddress=My Bank", "PhoneNumber=+79161234567")


def test_every_example_of_the_chapter_is_accounted_for() -> None:
    known = {*CANONICAL, "04-004"}  # a line of a template
    assert known == {vector.id for vector in vectors("email2sms")}


@pytest.mark.parametrize("name", CANONICAL)
def test_an_example_reads_as_the_manual_means_it(name: str) -> None:
    vector, value = VECTORS[name], CANONICAL[name]
    assert email2sms.decode_body(vector.data, type(value), charset="utf-8") == value
    assert email2sms.decode_body(vector.data, charset="utf-8") == value


@pytest.mark.parametrize("name", CANONICAL)
def test_a_value_is_written_as_its_example(name: str) -> None:
    written = email2sms.encode_body(CANONICAL[name])
    assert written.decode("cp1251") == VECTORS[name].text.replace("\n", "\r\n")


@pytest.mark.parametrize("vector", [v for v in vectors("email2sms") if v.printed], ids=vector_id)
def test_an_example_reads_the_same_as_misprinted(vector: Vector) -> None:
    assert vector.printed is not None
    as_printed = email2sms.decode_body(vector.printed.read_bytes(), charset="utf-8")
    assert as_printed == CANONICAL[vector.id]


def test_the_line_of_several_numbers_is_read_and_written() -> None:
    line = VECTORS["04-004"].text
    body = VECTORS["04-003"].text.replace("PhoneNumber=+79161234567", line)
    value = email2sms.decode_body(body.encode("cp1251"), Template)
    assert value.numbers == ("+79151234567", "+79161234567", "+79031234567")
    assert line in email2sms.encode_body(value).decode("cp1251").split("\r\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_a_template_is_read_as_the_manual_sets_it_out(end: str) -> None:
    # It is indented, with blank lines between all fields and around the text.
    body = [START, "", *(line for f in FIELDS for line in (f"    {f}", ""))]
    body += ["    Привет,", "      мир", "", END]
    value = email2sms.decode_body(template(*body, end=end))
    assert value == submission(Template, text="Привет,\n  мир")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([*FIELDS, "Привет", END], id="no start mark"),
        pytest.param([START, *reversed(FIELDS), "Привет", END], id="fields in another order"),
        pytest.param(
            [START, "userlogin = user", "PASSWORD=\tsecret ", *FIELDS[2:], "Привет", END],
            id="blanks and letter case in field names",
        ),
        pytest.param(
            ["==||начало текста||==", *FIELDS, "Привет", " == || Конец  текста || == "],
            id="marks retyped",
        ),
        pytest.param(
            ["Добрый день!", START, *FIELDS, "Привет", END, "-- ", "Password=another"],
            id="greeting and signature around the marks",
        ),
        pytest.param(
            [*FIELDS[:3], "PhoneNumber=+7 (916) 123-45-67,", "Привет", END],
            id="a number as people write it, a comma left over",
        ),
    ],
)
def test_a_template_is_read_however_people_type_it(lines: list[str]) -> None:
    assert email2sms.decode_body(template(*lines)) == submission(Template)


def test_numbers_folded_by_a_mail_program_are_joined() -> None:
    lines = [*FIELDS[:3], "PhoneNumber=+79161234567,", "+79031234567, ", "+79051234567", "1", END]
    value = email2sms.decode_body(template(*lines), Template)
    assert value.numbers == ("+79161234567", "+79031234567", "+79051234567")
    assert value.text == "1"


def test_a_template_keeps_lines_that_look_like_fields_in_its_text() -> None:
    value = submission(Template, text="Password=1234\n\nUserLogin=x\n" + START)
    assert email2sms.decode_body(email2sms.encode_body(value)) == value


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_field_is_named(missing: int) -> None:
    lines = [START, *(f for i, f in enumerate(FIELDS) if i != missing), "text", END]
    with pytest.raises(DecodeError, match="missing") as caught:
        email2sms.decode_body(template(*lines))
    assert caught.value.path == FIELDS[missing].partition("=")[0]


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(DecodeError, match="Password: given twice"):
        email2sms.decode_body(template(*FIELDS[:2], *FIELDS[1:], "text", END))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Template, "\n".join([*FIELDS, "text"])),
        (Semicolon, "StartWithPoint;user;secret;79161234567;TEL;text"),
        (Semicolon, "StartWithPoint;user;secret;79161234567;TEL;EndWithPoint"),
    ],
)
def test_a_body_without_its_end_mark_is_refused(kind: type[Submission], body: str) -> None:
    with pytest.raises(DecodeError, match=r"end mark .* is missing"):
        email2sms.decode_body(body.encode("cp1251"), kind)


def test_a_body_without_its_start_point_is_refused() -> None:
    with pytest.raises(DecodeError, match="start mark 'StartWithPoint;' is missing"):
        email2sms.decode_body(b"user;secret;79161234567;TEL;text;EndWithPoint", Semicolon)


@pytest.mark.parametrize("kind", ONE_LINE)
def test_too_few_fields_are_counted(kind: type[Submission]) -> None:
    with pytest.raises(DecodeError, match="3 fields where 5 are due"):
        email2sms.decode_body(b"StartWithPoint;"[: 15 * (kind is Semicolon)] + b"a;b;79", kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["a;b;;c;", ";", ";;;;", " a ", "", "EndWithPoint", "a=b"])
def test_the_text_survives_semicolons_and_blanks(kind: type[Submission], text: str) -> None:
    value = submission(kind, text=text)
    assert email2sms.decode_body(email2sms.encode_body(value), kind) == value


@pytest.mark.parametrize("kind", ONE_LINE)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_folded_line_is_unfolded(kind: type[Submission], end: str) -> None:
    # One client drops the blank, one keeps it, one folds after ';' and ','.
    body = "user;secret;+79161234567,~+79031234567;~My~Bank;Привет, ~милый~мир!"
    if kind is Semicolon:
        body = f"~StartWithPoint;{body};~EndWithPoint~~-- ~Вася;EndWithPoint"
    value = email2sms.decode_body(body.replace("~", end).encode("cp1251"), kind)
    numbers = ("+79161234567", "+79031234567")
    assert value == submission(kind, numbers=numbers, text="Привет, милый мир!")


def test_text_before_the_start_point_is_ignored() -> None:
    body = "Добрый день!\n StartWithPoint ; user ; secret ; 79161234567 ;TEL;text;EndWithPoint"
    value = email2sms.decode_body(body.encode("cp1251"))
    assert value == submission(Semicolon, numbers=("79161234567",), sender="TEL", text="text")


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_break_cannot_forge_a_field(kind: type[Submission]) -> None:
    for field in ("login", "password", "sender"):
        for forged in ("a\nPassword=b", "a\rb", "a\r\nb", "a\x00b", "a\x1bb", "a\x85b", "a\u2028b"):
            with pytest.raises(EncodeError, match="no line break"):
                email2sms.encode_body(submission(kind, **{field: forged}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "number",
    ["", "79161234567\n", "+7916;x", "7916,7917", "+7 916", "٧٩", "+", "7" * 16, 79161234567],
)
def test_a_number_is_digits(kind: type[Submission], number: object) -> None:
    with pytest.raises(EncodeError, match="expected 1 to 15 digits") as caught:
        email2sms.encode_body(submission(kind, numbers=("79161234567", number)))
    assert caught.value.path.endswith("[1]")


@pytest.mark.parametrize("kind", ONE_LINE)
@pytest.mark.parametrize("field", ["login", "password", "sender"])
def test_a_semicolon_cannot_forge_a_field(kind: type[Submission], field: str) -> None:
    with pytest.raises(EncodeError, match="no ';'"):
        email2sms.encode_body(submission(kind, **{field: "a;b"}))


@pytest.mark.parametrize("field", ["login", "password", "sender"])
def test_a_semicolon_in_a_field_survives_the_template(field: str) -> None:
    value = submission(Template, **{field: "a;b=c"})
    assert email2sms.decode_body(email2sms.encode_body(value)) == value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"login": ""}, "is empty"),
        ({"password": " a"}, "may not begin or end with a blank"),
        ({"sender": "a\xa0"}, "may not begin or end with a blank"),
        ({"login": 5}, "expected str, not int"),
        ({"text": None}, "expected str, not NoneType"),
        ({"text": "a\x1b"}, "control character U\\+001B"),
        ({"text": "a\ud800"}, "control character U\\+D800"),
        ({"numbers": ()}, "no number"),
        ({"numbers": "79161234567"}, "expected a tuple of str, not str"),
    ],
)
def test_a_field_that_cannot_be_read_back_is_refused(
    kind: type[Submission], changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(EncodeError, match=reason):
        email2sms.encode_body(submission(kind, **changed))


def test_only_the_three_formats_are_written() -> None:
    for value in (None, "text", submission(Submission)):
        with pytest.raises(EncodeError, match="expected Template, Semicolon or Base64"):
            email2sms.encode_body(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "most"), [(Template, 20), (Semicolon, 20), (Base64, 1000)])
def test_a_mail_carries_its_format_s_numbers_and_no_more(kind: type[Submission], most: int) -> None:
    assert kind.max_numbers == most
    numbers = tuple(f"+7916{i:07}" for i in range(most + 1))
    full = submission(kind, numbers=numbers[:-1])
    body = email2sms.encode_body(full)
    assert email2sms.decode_body(body, kind) == full

    with pytest.raises(EncodeError, match=f"at most {most}"):
        email2sms.encode_body(submission(kind, numbers=numbers))
    last = numbers[-2].encode()
    with pytest.raises(DecodeError, match=f"{most + 1} numbers, and one mail carries at most"):
        email2sms.decode_body(body.replace(last, last + b"," + last), kind)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_template_keeps_line_breaks(end: str) -> None:
    value = submission(Template, text=f"раз{end}{end} два ")
    read = email2sms.decode_body(email2sms.encode_body(value, line_break=" "))
    assert read.text == "раз\n\n два "


@pytest.mark.parametrize("text", ["\na", "a\n", "a\n \t", " \na", "\n", " "])
def test_the_template_refuses_blank_lines_that_it_would_lose(text: str) -> None:
    with pytest.raises(EncodeError, match="text: a blank line at its beginning or end"):
        email2sms.encode_body(submission(Template, text=text))


@pytest.mark.parametrize("kind", ONE_LINE)
def test_one_line_formats_refuse_or_replace_line_breaks(kind: type[Submission]) -> None:
    value = submission(kind, text="раз\r\nдва\rтри\nчетыре")
    with pytest.raises(EncodeError, match="text: has a line break"):
        email2sms.encode_body(value)
    replaced = email2sms.encode_body(value, line_break=" / ")
    assert email2sms.decode_body(replaced, kind).text == "раз / два / три / четыре"
    with pytest.raises(EncodeError, match="text: has a line break"):
        email2sms.encode_body(value, line_break="\n")


@pytest.mark.parametrize(
    "text", [END, f"a\n{END}\nb", "a\n ==||конец текста|| == ", f"{END}\n{END}"]
)
def test_a_text_that_would_end_the_template_is_refused(text: str) -> None:
    with pytest.raises(EncodeError, match="text: a line of it is the end mark"):
        email2sms.encode_body(submission(Template, text=text))


def test_the_end_mark_within_a_line_ends_nothing() -> None:
    value = submission(Template, text=f"до {END} и после")
    assert email2sms.decode_body(email2sms.encode_body(value)) == value


@pytest.mark.parametrize(
    "text", ["a;EndWithPoint", ";EndWithPoint", "a; EndWithPoint;b", ";\tEndWithPoint"]
)
def test_a_text_that_would_end_the_line_is_refused(text: str) -> None:
    with pytest.raises(EncodeError, match="text: it holds the end mark"):
        email2sms.encode_body(submission(Semicolon, text=text))
    value = submission(Base64, text=text)
    assert email2sms.decode_body(email2sms.encode_body(value), Base64) == value


def test_a_line_break_replaced_into_an_end_mark_is_refused() -> None:
    value = submission(Semicolon, text="a;\nEndWithPoint")
    with pytest.raises(EncodeError, match="text: it holds the end mark"):
        email2sms.encode_body(value, line_break=" ")


@pytest.mark.parametrize("kind", KINDS)
def test_characters_that_windows_1251_lacks_are_named(kind: type[Submission]) -> None:
    with pytest.raises(EncodeError) as caught:
        email2sms.encode_body(submission(kind, text="100 ₽, Қазақстан 😀 й"))
    assert caught.value.path == "text"
    for named in ("'₽' (U+20BD RUBLE SIGN)", "U+049A", "U+049B", "'😀' (U+1F600 GRINNING FACE)"):
        assert named in caught.value.reason
    assert "й" not in caught.value.reason

    with pytest.raises(EncodeError, match="and 21 more"):
        email2sms.encode_body(submission(kind, sender="".join(map(chr, range(0x3B1, 0x3CB)))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["login", "password"])
def test_characters_of_a_secret_are_not_named(kind: type[Submission], field: str) -> None:
    with pytest.raises(EncodeError, match="a character of it") as caught:
        email2sms.encode_body(submission(kind, **{field: "пароль₽"}))
    assert "₽" not in str(caught.value)
    assert "20BD" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("kind", KINDS)
def test_neither_login_nor_password_shows(kind: type[Submission]) -> None:
    value = submission(kind, login="canary-login", password="canary-password")
    for shown in (
        repr(value),
        str(value),
        f"{value}",
        repr([value]),
        str([*value.__rich_repr__()]),
    ):
        assert "canary" not in shown
        assert "Привет" in shown


@pytest.mark.parametrize(
    "charset",
    [
        "windows-1251",
        "CP1251",
        "win-1251",
        "x-cp1251",
        "utf-8",
        "UTF8",
        "koi8-r",
        "utf-16",
        "ibm866",
    ],
)
def test_any_charset_is_read(charset: str) -> None:
    written = email2sms.encode_body(submission(Template)).decode("cp1251")
    python = "cp1251" if "1251" in charset else charset
    read = email2sms.decode_body(written.encode(python), charset=charset)
    assert read == submission(Template)


@pytest.mark.parametrize("charset", ["", "us-ascii", "unknown-8bit"])
@pytest.mark.parametrize("meant", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_charset_that_says_nothing_is_guessed(charset: str, meant: str) -> None:
    body = email2sms.encode_body(submission(Template)).decode("cp1251").encode(meant)
    assert email2sms.decode_body(body, charset=charset) == submission(Template)


@pytest.mark.parametrize(
    "charset",
    ["klingon", "rot13", "base64", "idna", "punycode", "unicode_escape", "undefined", "a\0b"],
)
def test_an_unknown_charset_is_refused(charset: str) -> None:
    with pytest.raises(DecodeError):
        email2sms.decode_body(b"\\d;b;79161234567;c;d", Base64, charset=charset)


def test_bytes_outside_the_charset_are_refused_without_being_quoted() -> None:
    with pytest.raises(DecodeError, match="byte 2 of the text is not in windows-1251") as caught:
        email2sms.decode_body(b"a;\x98;79161234567;c;d", Base64)
    assert caught.value.__context__ is None


def test_a_body_is_read_only_as_one_of_the_formats() -> None:
    with pytest.raises(DecodeError, match="expected Template, Semicolon or Base64"):
        email2sms.decode_body(b"a;b;79161234567;c;d", Submission)
