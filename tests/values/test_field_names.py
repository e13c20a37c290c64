"""Fields in the words of the profile file."""

from __future__ import annotations

import pytest

from mlxsm_sync.values.field_names import called


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/port", "port"),
        ("/advancedLaunchOptions/logLevel", "logLevel"),
        ("/advancedLaunchOptions/rawExtraArgs/1", "rawExtraArgs[1]"),
        ("/advancedLaunchOptions/chatTemplateArgs/0", "chatTemplateArgs.0"),
        ("/advancedLaunchOptions/chatTemplateArgs/a~1b/0", "chatTemplateArgs.a/b[0]"),
        ("/advancedLaunchOptions/chatTemplateArgs/a~0b", "chatTemplateArgs.a~b"),
    ],
)
def test_a_place_inside_of_a_field_is_named_as_in_the_file(path: str, name: str) -> None:
    assert called(path) == name
