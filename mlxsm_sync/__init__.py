"""Keep the model-server profiles of a machine in step with a file in git."""

__version__ = "0.2.0"
