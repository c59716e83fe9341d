"""Whatever is written into a setting by mistake, no message repeats it: it may be a secret.

Only an expression's unknown names are told, since nobody could find them otherwise.
"""

import json
from pathlib import Path

import pytest

from router.config.faults import ConfigError
from router.config.load import load
from tests.unit.config.examples import VALID, withheld, write

CANARY = "Canary-4711-sk_live"

LINES = VALID.splitlines()
VALUES = [number for number, line in enumerate(LINES) if ": " in line]
SYNTAX = [
    f"password: {CANARY}: {CANARY}",
    f"password: [{CANARY}",
    f"password: '{CANARY}",
    f"password: &{CANARY} x",
    f"password: *{CANARY}",
    f"password: !{CANARY} x",
    f"password: !{CANARY}!x y",
    f'password: "{CANARY}\\q"',
    f"%{CANARY} 1\n---\na: b",
]


def _messages(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, resolve=withheld)
    shown = [str(caught.value), repr(caught.value), repr(caught.value.faults)]
    return "".join(shown) + json.dumps([fault.as_dict() for fault in caught.value.faults])


@pytest.mark.parametrize(
    "form", [CANARY, f"[{CANARY}]", f"{{{CANARY[:6].lower()}: {CANARY}}}", f"x${{env:{CANARY}}}", f'"{CANARY}\\n"']
)
@pytest.mark.parametrize("number", VALUES, ids=lambda number: LINES[number].strip())
def test_a_value_in_the_wrong_place_is_never_repeated(tmp_path: Path, number: int, form: str) -> None:
    lines = list(LINES)
    # A second mistake makes sure that there is something to report, wherever any text is allowed.
    lines[number] = lines[number].partition(": ")[0] + f": {form}"
    text = "\n".join([*lines, "unknown: 1"])

    messages = _messages(write(tmp_path, text))

    assert "CONFIG_KEY_UNKNOWN" in messages
    assert CANARY not in messages


@pytest.mark.parametrize("text", SYNTAX)
def test_a_syntax_error_does_not_quote_the_line(tmp_path: Path, text: str) -> None:
    messages = _messages(write(tmp_path, text))

    assert "CONFIG_NOT_YAML" in messages
    assert CANARY not in messages


def test_a_connector_that_quotes_the_value_in_its_own_message_is_silenced(tmp_path: Path) -> None:
    messages = _messages(write(tmp_path, f"{VALID}      table: {CANARY}\n"))

    assert "sinks.store.config.table" in messages
    assert "The value is not accepted." in messages
    assert CANARY not in messages


def test_a_wrong_choice_is_not_repeated(tmp_path: Path) -> None:
    messages = _messages(write(tmp_path, VALID.replace("scheme: plain", f"scheme: {CANARY}")))

    assert "keyed, plain" in messages
    assert CANARY not in messages
