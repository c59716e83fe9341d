"""YAML without its surprises: no aliases, tags or duplicate keys, few types, and a line for every value."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from router.api import Reason
from router.config.faults import Fault, KeyPath, dotted, shown_key

MAX_BYTES = 1_048_576
MAX_DEPTH = 32

# The core schema of YAML 1.2 without what surprises: `yes`, `010`, `0o17`, `1_000`, `1:30`, `.inf` stay strings.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"(?=.*[.eE])[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_CHECK = "Check indentation, quotes, colons and brackets in this line."
_QUOTE_REFERENCES = 'Inside [ ] and { } a reference needs quotes: "${env:NAME}".'


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content.

    lines: where each key or list item stands. faults: what was refused in it. refused: the paths of refused values.
    complete: whether the file could be read to its end; if not, data is of no use.
    """

    file: Path
    data: Any
    lines: dict[KeyPath, int]
    faults: list[Fault]
    refused: set[KeyPath]
    complete: bool


def read(file: Path) -> Document:
    """Read a file of at most `MAX_BYTES`; whatever its bytes, what is wrong becomes a fault."""
    reader = _Reader(file)
    text = reader.text()
    complete = text is not None and reader.parse(text)
    return Document(file, reader.root, reader.lines, reader.faults, reader.refused, complete)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being read.

    key: the mapping's key whose value comes next. repeated: the mapping has had it before.
    """

    path: KeyPath
    content: dict[str, Any] | list[Any]
    key: str | None = None
    repeated: bool = False


@dataclass(slots=True)
class _Reader:
    """Builds the values from the parser's events, which, unlike its nodes, can be refused one at a time."""

    file: Path
    root: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    refused: set[KeyPath] = field(default_factory=set)
    stack: list[_Open] = field(default_factory=list)

    def text(self) -> str | None:
        try:
            with self.file.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
        except OSError as error:
            fix = "Make it a file that is readable for this user."
            self._refuse(Reason.CONFIG_NOT_FOUND, f"The file cannot be read: {error.strerror}.", fix=fix)
            return None
        if len(raw) > MAX_BYTES:
            fix = "Split it into files of one directory."
            self._refuse(Reason.CONFIG_NOT_YAML, f"The file is larger than {MAX_BYTES} bytes.", fix=fix)
            return None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self._refuse(Reason.CONFIG_NOT_YAML, "The file is not UTF-8.", line=line, fix="Save it as UTF-8.")
            return None

    def parse(self, text: str) -> bool:
        """Whether the text could be read to its end."""
        documents = 0
        try:
            event: Any
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                documents += isinstance(event, yaml.DocumentStartEvent)
                if documents > 1:
                    self._refuse(
                        Reason.CONFIG_NOT_YAML,
                        "The file has more than one document.",
                        line=event.start_mark.line + 1,
                        fix="Put the parts into files of one directory instead of separating them by `---`.",
                    )
                    return False
                if not self._take(event):
                    return False
        except yaml.MarkedYAMLError as error:
            self._syntax(text, error)
            return False
        except yaml.YAMLError:
            self._refuse(
                Reason.CONFIG_NOT_YAML,
                "The file has control characters, which YAML does not allow.",
                fix='Remove them, or write them as "\\x1b" in quotes.',
            )
            return False
        return True

    def _take(self, event: Any) -> bool:
        """Whether to go on after this event."""
        line: int = event.start_mark.line + 1
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            if len(self.stack) >= MAX_DEPTH:
                self._refuse(
                    Reason.CONFIG_NOT_YAML, f"It is nested deeper than {MAX_DEPTH} levels.", line=line, fix=_CHECK
                )
                return False
            parent = self.stack[-1] if self.stack else None
            if parent is not None and isinstance(parent.content, dict) and parent.key is None:
                return self._take_key(parent, event, line)
            self._take_value(parent, event, line)
        return True

    def _take_key(self, parent: _Open, event: yaml.NodeEvent, line: int) -> bool:
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag or not event.value:
            self._refuse(
                Reason.CONFIG_NOT_YAML,
                "A key must be plain text, without alias, anchor or tag.",
                path=parent.path,
                line=line,
                fix=_QUOTE_REFERENCES,
            )
            return False
        key = parent.key = event.value
        parent.repeated = key in parent.content
        if parent.repeated:
            first = self.lines.get((*parent.path, key))
            self._refuse(
                Reason.CONFIG_KEY_DUPLICATE,
                f"The key {shown_key(key)} is given twice, first in line {first}.",
                path=(*parent.path, key),
                line=line,
                fix="Remove one of them.",
            )
        self.lines.setdefault((*parent.path, key), line)
        return True

    def _take_value(self, parent: _Open | None, event: yaml.NodeEvent, line: int) -> None:
        path = self._place(parent, line)
        value: Any = None
        if isinstance(event, yaml.AliasEvent):
            self._feature(path, line, "An alias (*)", "Write the value out.")
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.anchor:
                self._feature(
                    path, line, "An anchor (&)", "Remove the anchor and write the value out where it is used."
                )
            if event.tag not in {None, "!"}:
                self._feature(path, line, "A tag (!)", "Remove the tag; types follow from the setting.")
            value = self._value(event)
        self._put(parent, value)
        if isinstance(value, dict | list):
            self.stack.append(_Open(path, value))

    def _place(self, parent: _Open | None, line: int) -> KeyPath:
        if parent is None:
            return ()
        if isinstance(parent.content, dict):
            return (*parent.path, parent.key or "")
        path = (*parent.path, len(parent.content))
        self.lines.setdefault(path, line)
        return path

    @staticmethod
    def _value(event: Any) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return {}
        if isinstance(event, yaml.SequenceStartEvent):
            return []
        return scalar(event.value) if event.implicit[0] else event.value

    def _put(self, parent: _Open | None, value: Any) -> None:
        if parent is None:
            self.root = value
        elif isinstance(parent.content, list):
            parent.content.append(value)
        else:
            if not parent.repeated and parent.key is not None:
                parent.content[parent.key] = value
            parent.key = None

    def _feature(self, path: KeyPath, line: int, feature: str, fix: str) -> None:
        self.refused.add(path)
        self._refuse(Reason.CONFIG_NOT_YAML, f"{feature} is not accepted.", path=path, line=line, fix=fix)

    def _syntax(self, text: str, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        # At the end of the file the parser counts a line that is not there.
        line = min(mark.line + 1, len(text.splitlines())) if mark else None
        around = "".join(_lines_before(text, line)) if line else ""
        self._refuse(
            Reason.CONFIG_NOT_YAML,
            f"It is not YAML: {error.problem or error.context}.",
            line=line,
            fix=_QUOTE_REFERENCES if "${" in around else _CHECK,
        )

    def _refuse(
        self, reason: Reason, message: str, *, path: KeyPath = (), line: int | None = None, fix: str | None = None
    ) -> None:
        self.faults.append(Fault(reason, dotted(path), message, fix, self.file, line))


def scalar(text: str) -> Any:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _lines_before(text: str, line: int) -> Iterator[str]:
    """The line and the one before it: the parser often notices a mistake one line late."""
    yield from text.splitlines()[max(0, line - 2) : line]
