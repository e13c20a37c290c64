"""`python -m mlxsm_sync` is `mlxsm`."""

from mlxsm_sync.cli import main

if __name__ == "__main__":
    main()
