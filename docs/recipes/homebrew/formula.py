"""Writes the Homebrew formula of mlxsm from the lock beside it, `pylock.toml`.

    python docs/recipes/homebrew/formula.py [--check] [--sdist FILE]

The lock is made anew in the folder of the repository by

    uv pip compile --universal --python-version 3.11 pyproject.toml -o docs/recipes/homebrew/pylock.toml

Without `--sdist`, the formula installs the repository itself (`brew install --HEAD`); with the source
distribution that was published, also that, by its hash. `--check` says whether the formula here is fresh.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCK, FORMULA = HERE / "pylock.toml", HERE / "mlxsm.rb"
INDEX = "https://files.pythonhosted.org/packages/source/m/mlxsm"

_TEMPLATE = """\
# Written by docs/recipes/homebrew/formula.py from pylock.toml. OWNER is whose repository it is.
class Mlxsm < Formula
  include Language::Python::Virtualenv

  desc "Keep the profiles of local MLX model servers in git, and run them"
  homepage "https://github.com/OWNER/mlxsm"
{stable}  license "MIT"
  head "https://github.com/OWNER/mlxsm.git", branch: "main"

  # Some of the libraries are written in Rust.
  depends_on "rust" => :build
  depends_on "libyaml"
  depends_on "python@3.13"

{resources}
  def install
    virtualenv_install_with_resources
    man1.install "docs/mlxsm.1"
    bash_completion.install "docs/completions/mlxsm.bash" => "mlxsm"
    zsh_completion.install "docs/completions/_mlxsm"
    fish_completion.install "docs/completions/mlxsm.fish"
  end

  test do
    (testpath/"profiles.yaml").write <<~YAML
      schemaVersion: 1
      profiles:
        - {{name: A, modelID: org/name, port: 8080}}
    YAML
    assert_match "Plan: 1 to create", shell_output("#{{bin}}/mlxsm plan")
  end
end
"""


def resource(package: dict[str, Any]) -> str:
    """One library, by the address and the hash of its source."""
    source = package["sdist"]
    lines = (f'url "{source["url"]}"', f'sha256 "{source["hashes"]["sha256"]}"')
    return "".join((f'  resource "{package["name"]}" do\n', *(f"    {line}\n" for line in lines), "  end\n"))


def formula(lock: dict[str, Any], sdist: Path | None = None) -> str:
    """The formula for the libraries of a lock."""
    stable = ""
    if sdist is not None:
        digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
        stable = f'  url "{INDEX}/{sdist.name}"\n  sha256 "{digest}"\n'
    # What is for other systems alone is in a universal lock, too.
    wanted = [one for one in lock["packages"] if "win32" not in one.get("marker", "")]
    return _TEMPLATE.format(stable=stable, resources="\n".join(map(resource, wanted)))


def main() -> int:
    """Write the formula, or say whether it is fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--sdist", type=Path)
    options = parser.parse_args()
    made = formula(tomllib.loads(LOCK.read_text(encoding="utf-8")), options.sdist)
    if options.check:
        return int(FORMULA.read_text(encoding="utf-8") != made)
    FORMULA.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
