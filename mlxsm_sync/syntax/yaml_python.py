"""PyYAML's own scanner, for machines without libyaml, brought to the verdicts of libyaml.

One file must be good or bad everywhere. Where the two differ, PyYAML's is changed to read as libyaml
0.2.5 does (`scanner.c`, whose functions are named below); what remains is refused by both.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.scanner import ScannerError
from yaml.tokens import ScalarToken

_BREAKS = "\r\n"
_BLANK_OR_END = "\0 \t\r\n"
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[\s\S])|"')


class PythonLoader(yaml.SafeLoader):
    """Events as libyaml would give them."""

    def scan_to_next_token(self) -> None:
        """Tabs may stand between tokens where none of them could be taken for indentation."""
        while True:
            while self.peek() == " " or (
                self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)
            ):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in "\0\r\n":
                    self.forward()
            if not self._break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> ScalarToken:
        """`yaml_parser_scan_plain_scalar`: a question mark is a letter, tabs are blanks."""
        start = end = self.get_mark()
        chunks: list[str] = []
        joint = ""
        indent = self.indent + 1
        broken = False
        while self.peek() != "#" and not (self.column == 0 and self._ends_the_document()):
            length = self._plain_length(start)
            if length == 0:
                break
            broken = False
            chunks += [joint, self.prefix(length)]
            self.forward(length)
            end = self.get_mark()
            joint, broken = self._plain_blanks(indent, start)
            if not joint or (not self.flow_level and self.column < indent):
                break
        self.allow_simple_key = broken
        return ScalarToken("".join(chunks), True, start, end)

    def _break(self) -> str:
        """The line break that was passed over, if there was one."""
        return str(self.scan_line_break())  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out

    def _ends_the_document(self) -> bool:
        """Whether a line of --- or ... begins here."""
        return (
            re.match(r"(?:---|\.\.\.)[\0 \t\r\n]", self.buffer[self.pointer : self.pointer + 4]) is not None
        )

    def _plain_length(self, start: Any) -> int:
        length = 0
        while (char := self.peek(length)) not in _BLANK_OR_END:
            after = self.peek(length + 1)
            if self.flow_level and char == ":" and after in ",?[]{}":
                self.forward(length)
                raise ScannerError(
                    "while scanning a plain scalar", start, "found unexpected ':'", self.get_mark()
                )
            if (char == ":" and after in _BLANK_OR_END) or (self.flow_level and char in ",[]{}"):
                break
            length += 1
        return length

    def _plain_blanks(self, indent: int, start: Any) -> tuple[str, bool]:
        """What joins two words of a plain value, and whether a line ended between them."""
        blanks, breaks = "", 0
        while (char := self.peek()) in " \t\r\n":
            if char in _BREAKS:
                self._break()
                breaks += 1
                continue
            if breaks and char == "\t" and self.column < indent:
                problem = "found a tab character that violates indentation"
                raise ScannerError("while scanning a plain scalar", start, problem, self.get_mark())
            blanks += char
            self.forward()
        if breaks:
            return "\n" * (breaks - 1) or " ", True
        return blanks, False

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> None:
        while self.peek() == "\t" or self.peek() == " ":
            self.forward()
        super().scan_block_scalar_ignored_line(start_mark)

    def scan_block_scalar_indicators(self, start_mark: Any) -> Any:
        # A tab may follow the indicators; PyYAML looks for a space only.
        tail = re.compile(r"[-+0-9]*\t").match(self.buffer, self.pointer)
        if tail is None:
            return super().scan_block_scalar_indicators(start_mark)
        chars = self.buffer
        self.buffer = chars[: tail.end() - 1] + " " + chars[tail.end() :]
        try:
            return super().scan_block_scalar_indicators(start_mark)
        finally:
            self.buffer = chars

    def scan_block_scalar_indentation(self) -> Any:
        found = super().scan_block_scalar_indentation()
        self._refuse_tab()
        return found

    def scan_block_scalar_breaks(self, indent: int) -> Any:
        found = super().scan_block_scalar_breaks(indent)
        if self.column < indent:
            self._refuse_tab()
        return found

    def _refuse_tab(self) -> None:
        if self.peek() == "\t":
            problem = "found a tab character where an indentation space is expected"
            raise ScannerError("while scanning a block scalar", None, problem, self.get_mark())

    def scan_flow_scalar(self, style: str) -> ScalarToken:
        """`yaml_parser_scan_flow_scalar`: half of a surrogate pair is no character."""
        if style == '"':
            at = self.pointer + 1
            while (found := _ESCAPE.search(self.buffer, at)) is not None and found[0] != '"':
                code = int(found[1] or found[2] or "0", 16)
                if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
                    start = self.get_mark()
                    self.forward(found.start() - self.pointer)
                    problem = "found invalid Unicode character escape code"
                    raise ScannerError("while parsing a quoted scalar", start, problem, self.get_mark())
                at = found.end()
        return super().scan_flow_scalar(style)
