"""Two gloo processes of DistributedDataParallel against one process with the joint batch."""

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from tests.baselines.stock import make_pair, relative_difference
from tests.models.test_mit import image


def loss_of(model, x):
    return sum(out.square().mean() for out in model(x))


STRATEGIES = ['none', 'hq', 'n2d_2x2']


def worker(rank, rendezvous, path):
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2)
    gradients = {}
    for strategy in STRATEGIES:
        _, ours = make_pair(tome_cfg=strategy)
        model = DistributedDataParallel(ours.train())
        loss_of(model, image((128, 96), batch=4)[2 * rank : 2 * rank + 2]).backward()
        gradients[strategy] = torch.cat([p.grad.flatten() for p in ours.parameters()])
    if rank == 0:
        torch.save(gradients, path)
    dist.destroy_process_group()


def test_same_gradients_as_one_process(tmp_path):
    path = tmp_path / 'gradients.pth'
    mp.spawn(worker, (tmp_path / 'rendezvous', path), nprocs=2)
    together = torch.load(path)
    assert list(together) == STRATEGIES
    for strategy in STRATEGIES:
        _, ours = make_pair(tome_cfg=strategy)
        loss_of(ours.train(), image((128, 96), batch=4)).backward()
        alone = torch.cat([p.grad.flatten() for p in ours.parameters()])
        assert relative_difference(together[strategy], alone) < 1e-5, strategy
