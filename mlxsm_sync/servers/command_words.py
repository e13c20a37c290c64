"""What a command line says, if it is one of mlx_lm.server: pure reading of words that somebody else wrote."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mlxsm_sync.values.server_options import FLAGS, stands_for


def is_mlx_server(words: Sequence[str]) -> bool:
    """Whether a command line starts mlx_lm.server, in any of its forms."""
    head = words[:6]
    if any(word.rpartition("/")[2] == "mlx_lm.server" for word in head):
        return True
    return any(a.rpartition("/")[2] == "mlx_lm" and b == "server" for a, b in pairwise(head))


def option(words: Sequence[str], name: str) -> str | None:
    """The value that the server takes for an option: the last one, also by a short form of its name."""
    value = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        given, has_value, text = word.partition("=")
        if given == name or (len(given) > 2 and stands_for(given, FLAGS) == (name,)):
            value = text if has_value else following
    return value
