"""What `validate` found as a log in SARIF 2.1.0, which code scanners and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

from __future__ import annotations

import string
from collections.abc import Callable

from mlxsm_sync import __version__
from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.views.findings import RULES, Finding, Rule, findings
from mlxsm_sync.views.reports import ValidateReport

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "%SRCROOT%"
"""The top of the repository; whoever reads the log knows where that is."""
_UNRESERVED = frozenset(f"{string.ascii_letters}{string.digits}-._~/".encode())
"""What stands for itself in the path of a URI (RFC 3986, section 2.3)."""


def sarif_log(report: ValidateReport, name_of: Callable[[str], str]) -> JsonObject:
    """The log, with one run; `name_of` is how the repository names a path."""
    driver: JsonObject = {"name": "mlxsm", "version": __version__, "rules": [*map(_descriptor, RULES)]}
    results = [_result(one) for one in findings(report, name_of)]
    run: JsonObject = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [*results],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> JsonObject:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.help},
        "defaultConfiguration": {"level": rule.level},
    }


def _result(finding: Finding) -> JsonObject:
    result: JsonObject = {
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.index(finding.rule),
        "level": finding.rule.level,
        "message": {"text": plain_message(finding.message)},
    }
    if finding.path is None:  # nobody could open standard input
        return result
    place: JsonObject = {"artifactLocation": location(finding.path)}
    if finding.line is not None:
        column: JsonObject = {} if finding.column is None else {"startColumn": finding.column}
        place["region"] = {"startLine": finding.line, **column}
    return {**result, "locations": [{"physicalLocation": place}]}


def location(path: str) -> JsonObject:
    """Where a file is: from the top of the repository, or as a URI of its own."""
    uri = "".join(
        chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in path.encode(errors="surrogateescape")
    )
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _BASE}


def plain_message(text: str) -> str:
    """A text as it is written in a log: its braces are no placeholders, and what it says is no link.

    A backslash before the bracket would not do: the text may have one there already (SARIF 3.11.5, 3.11.6).
    """
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
