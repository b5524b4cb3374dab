"""Mends the OpenMMLab stack before any test module, also in a spawned process, imports it."""

import mmseg_tome  # noqa: F401
