"""Tries what is installed: merging always, and a whole model where MMSegmentation is there too.

Run it outside of the checkout with the interpreter of an environment into which the wheel was
installed; nothing but the wheel and what it requires is needed.
"""

import sys
from importlib.util import find_spec


def try_merging() -> str:
    """Merges and unmerges tokens; needs torch alone."""
    import torch

    from mmseg_tome.merging import BipartiteSoftMatching

    tokens = torch.randn(2, 64 * 64, 32, generator=torch.Generator().manual_seed(0))
    plan = BipartiteSoftMatching(r=0.6, sx=2, sy=2).plan(tokens, (64, 64))
    merged = plan.merge(tokens)
    kept = round(4096 * 0.4)
    assert abs(merged.shape[1] - kept) <= 1, merged.shape
    assert plan.unmerge(merged).shape == tokens.shape
    return f'merging: {tokens.shape[1]} tokens to {merged.shape[1]} and back'


def try_model() -> str:
    """Builds a model from an installed config, and compares a strategy with no merging."""
    import torch
    from mmengine.config import Config

    import mmseg_tome
    from mmseg_tome.config_files import find_configs

    # isort: split
    from mmseg.registry import MODELS

    (path,) = find_configs('streets/segformer_mit-b0_none_1xb4-4k')
    config = Config.fromfile(path)
    config.model.data_preprocessor = None
    with torch.no_grad():
        model = MODELS.build(config.model).eval()
        image = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
        unmerged = model(image, mode='tensor')
        mmseg_tome.apply_tome(model, 'hq')
        merged = model(image, mode='tensor')
        mmseg_tome.apply_tome(model, None)
        assert torch.equal(model(image, mode='tensor'), unmerged)
    assert merged.shape == unmerged.shape and merged.isfinite().all()
    assert not torch.equal(merged, unmerged)
    return f'model: {path.stem} with hq and without, {tuple(merged.shape)}'


def main() -> int:
    """Runs what the environment allows; an exception says what failed."""
    import mmseg_tome

    print(f'mmseg_tome {mmseg_tome.__version__} of {mmseg_tome.__file__}')
    print(try_merging())
    if find_spec('mmseg') is None:
        print('model: not tried, since MMSegmentation is not installed')
    else:
        print(try_model())
    return 0


if __name__ == '__main__':
    sys.exit(main())
