"""Converted layers of transformers where kernels run."""

import pytest
import torch

from mmseg_tome import apply_tome
from mmseg_tome.ops import use_backend
from tests.baselines.stock import relative_difference
from tests.integrations.transformers.models import build, image, output
from tests.ops.triton.accuracy import counted_runs
from tests.ops.triton.conftest import DEVICE, kernels  # noqa: F401 - a fixture

pytest.importorskip('transformers', exc_type=ImportError)


def test_norms_are_computed_by_kernels():
    model, x = apply_tome(build(), None).float().to(DEVICE), image().float().to(DEVICE)
    with torch.no_grad():
        with use_backend('torch'):
            expected = output(model, x)
        with counted_runs() as ran:
            out = output(model, x)
    # Two of each of 5 blocks, of the keys of 4, and 4 embeddings; those that end stages are theirs.
    assert ran['layer_norm'] == 2 * 5 + 4 + 4
    assert relative_difference(out, expected) < 1e-5
