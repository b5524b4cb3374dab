"""What runs in the tree of one revision: builds models, and times them when it is told to.

Passed to an interpreter as text, with the tree in front of everything else on its path; so it uses
only what all revisions have: registries, `apply_tome` and the names of parameters.
"""

import json
import os
import sys
import time


def main() -> None:
    """Answers one line of JSON with another until there are no more."""
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # what OpenMMLab prints must not get between the answers
    import mmseg_tome

    tree = os.path.realpath(os.getcwd())
    if not os.path.realpath(mmseg_tome.__file__).startswith(tree + os.sep):
        sys.exit(f'{tree}: mmseg_tome was imported from {mmseg_tome.__file__} instead')
    run = None
    for line in sys.stdin:
        job = json.loads(line)
        if 'prepare' in job:
            run = prepare(job['prepare'])
            answer = {}
        else:
            answer = {'seconds': [timed(run) for _ in range(job['passes'])]}
        print(json.dumps(answer), file=answers, flush=True)


def prepare(job: dict):
    """Build a model, save its outputs in fp32, and return what is timed."""
    import mmengine
    import torch
    from mmengine.registry import DefaultScope
    from mmseg.registry import MODELS
    from torch import nn

    import mmseg_tome

    given = torch.load(job['inputs'], weights_only=True)
    cfg = mmengine.Config(job['model'])
    with DefaultScope.overwrite_default_scope('mmseg'):
        parts = {'backbone': MODELS.build(cfg.backbone), 'head': MODELS.build(cfg.decode_head)}
    model = nn.ModuleDict(parts)
    model.load_state_dict(given['weights'])
    mmseg_tome.apply_tome(model, job['strategy'])
    model.to(job['device']).train(job['trains'])

    def forward(images):
        maps = model['backbone'](images)
        return [model['head'](maps)] if job['scope'] == 'model' else list(maps)

    images = given['images'].to(job['device'])
    torch.set_float32_matmul_precision('highest')
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark = False, True
    with torch.no_grad():
        outputs = [out.double().cpu().flatten() for out in forward(images)]
    torch.save(torch.cat(outputs), job['outputs'])

    if job['dtype'] == 'tf32':
        torch.set_float32_matmul_precision('high')
        torch.backends.cudnn.allow_tf32 = True
    dtype = {'fp16': torch.float16, 'bf16': torch.bfloat16}.get(job['dtype'], torch.float32)
    model.to(dtype=dtype)
    images = images.to(dtype)

    def run():
        if not job['trains']:
            with torch.inference_mode():
                forward(images)
            return
        model.zero_grad(set_to_none=True)
        sum(out.float().square().mean() for out in forward(images)).backward()

    return run


def timed(run) -> float:
    """Seconds of one pass; of a short one the mean of several, which the clock can tell apart."""
    import torch

    synchronize = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    synchronize()
    start, passes = time.perf_counter(), 0
    while not passes or time.perf_counter() - start < 0.02:
        run()
        synchronize()
        passes += 1
    return (time.perf_counter() - start) / passes


if __name__ == '__main__':
    main()
