"""What `validate` found as workflow commands of GitHub Actions, which shows them beside the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.findings import WARNING, Finding, findings
from mlxsm_sync.views.reports import ValidateReport

# The runner takes these back, and only these:
# https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})


def workflow_commands(
    report: ValidateReport, name_of: Callable[[str], str], *, with_warnings: bool = True
) -> str:
    """One line for each problem and each warning; `name_of` is how the repository names a path."""
    found = (one for one in findings(report, name_of) if with_warnings or one.rule is not WARNING)
    return "".join(f"{workflow_command(one)}\n" for one in found)


def workflow_command(finding: Finding) -> str:
    """The command that annotates one place; the message names the place again, for those who read the log."""
    properties = ",".join(f"{name}={text.translate(_IN_PROPERTY)}" for name, text in _properties(finding))
    return f"::{finding.rule.level} {properties}::{finding.told.translate(_IN_DATA)}"


def _properties(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.path is not None:
        yield "file", visible(finding.path)
        if finding.line is not None:  # without a file, it would be a line of some other one
            yield "line", str(finding.line)
            if finding.column is not None:
                yield "col", str(finding.column)
    yield "title", finding.rule.title
