"""Two gloo processes of FSDP2, whose weights are sharded, against one process."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from tests.baselines.stock import relative_difference
from tests.models.dropin import gradients_of, make_models, photo

# What is sharded by itself, beside the whole: blocks, as is usual; or layers that a fast path
# would otherwise stand in for.
BLOCKS = [f'backbone.layers.{i}.1.0' for i in range(4)]
LAYERS = [
    f'{BLOCKS[0]}.ffn',
    f'{BLOCKS[1]}.ffn.layers.0',
    f'{BLOCKS[2]}.attn.attn',
    'decode_head.fusion_conv',
    'decode_head.conv_seg',
]


def worker(rank, rendezvous, path):
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2)
    mesh = init_device_mesh('cpu', (2,))
    results = {}
    for parts in (BLOCKS, LAYERS):
        _, ours = make_models('hq')
        for name in parts:
            fully_shard(ours.get_submodule(name), mesh=mesh)
        fully_shard(ours, mesh=mesh)
        gradients = gradients_of(ours, photo())
        whole = {name: grad.full_tensor() for name, grad in gradients.items()}
        with torch.no_grad():
            results[len(parts)] = ours(photo()), whole
    if rank == 0:
        torch.save(results, path)
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_available(), reason='this PyTorch has no torch.distributed')
def test_sharded_weights(tmp_path):
    path = tmp_path / 'results.pth'
    mp.spawn(worker, (tmp_path / 'rendezvous', path), nprocs=2)
    _, ours = make_models('hq')
    expected = gradients_of(ours, photo())
    with torch.no_grad():
        out = ours(photo())
    results = torch.load(path)
    assert list(results) == [len(BLOCKS), len(LAYERS)]
    for sharded, gradients in results.values():
        assert relative_difference(sharded, out) < 1e-9
        assert list(gradients) == list(expected)
        for name, gradient in gradients.items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-6, atol=1e-9)
