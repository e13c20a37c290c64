"""Shared settings of the tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=400, deadline=None, derandomize=True, suppress_health_check=_quiet
)
settings.register_profile("nightly", max_examples=10_000, deadline=None, suppress_health_check=_quiet)
settings.register_profile("hunt", max_examples=3000, deadline=None, suppress_health_check=_quiet)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
