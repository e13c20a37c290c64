"""Guided fuzzing of the loaders, for a person with time: `python tests/testing/programs/fuzz_atheris.py [SECONDS]`.

Needs `pip install atheris` (https://github.com/google/atheris). It looks for inputs that reach new
code; what is no answer of ours ends it with the input and an exit code that is not 0.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.append(str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["mlxsm_sync"], enable_loader_override=False):
    from testing.programs.fuzzing import targets


def main(seconds: int) -> None:
    """Fuzz for a time; the first byte of an input says what it is read as."""
    with tempfile.TemporaryDirectory() as folder:
        kinds = targets(Path(folder))
        takers = [taker for _, of_kind in kinds.values() for taker in of_kind]
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        number = 0
        for seeds, of_kind in kinds.values():
            for taker in of_kind:
                for seed in {*seeds}:
                    (corpus / str(number)).write_bytes(bytes([takers.index(taker)]) + seed)
                    number += 1

        def try_one(data: bytes) -> None:
            if data:
                takers[data[0] % len(takers)](data[1:])

        options = [
            f"-max_total_time={seconds}",
            "-max_len=4000",
            "-print_final_stats=1",
            f"-artifact_prefix={Path.cwd()}/",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
