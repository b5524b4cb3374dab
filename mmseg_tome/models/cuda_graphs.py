"""Inference recorded as CUDA graphs, one per size of image, and replayed.

Launching the thousand kernels of a large SegFormer takes Python longer than a GPU takes to run them
for a few images. A graph launches them all at once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from ..ops.backend import chosen_backend
from ..ops.dispatch import is_eager

Run = Callable[[Tensor], list[Tensor]]
Out = TypeVar('Out')


class CudaGraphs:
    """Calls a function of a module, from a graph where it can, with the same results.

    The first inference of every size runs as always, which also compiles and tunes; the second is
    recorded. As always run: whatever is not on a GPU, training, whatever needs gradients, modules
    with hooks (which would see nothing), compilers and tracers. New weights in the same memory, as
    ``load_state_dict`` has it, need no new graph. If layers or weights were replaced, or merging
    was changed, all is recorded anew.

    Args:
        most: How many sizes are recorded; each keeps its input and its outputs on the GPU, and the
            memory in between is shared. Further sizes run as always.
    """

    def __init__(self, most: int = 8) -> None:
        self.most = most
        self.graphs: dict[tuple[Any, ...], _Graph] = {}
        self._seen: set[tuple[Any, ...]] = set()
        self._state: list[Any] | None = None
        self._pool: Any = None

    def __call__(self, module: nn.Module, run: Run, images: Tensor) -> list[Tensor]:
        """Compute ``run(images)``, where ``run`` depends on ``module`` alone.

        Raises:
            RuntimeError: If something in the module cannot be recorded.
        """
        if not _may_replay(images) or (state := state_of(module)) is None:
            return run(images)
        if state != self._state:
            self.graphs.clear()
            self._seen.clear()
            self._state = state
        key = _key(images)
        if key in self.graphs:
            return self.graphs[key].replay(images)
        if key not in self._seen or len(self.graphs) >= self.most:
            self._seen.add(key)
            return run(images)
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        self.graphs[key] = _record(run, images, self._pool)
        return self.graphs[key].replay(images)

    def __deepcopy__(self, memo: dict) -> 'CudaGraphs':
        return CudaGraphs(self.most)  # a graph is of its own module, and cannot be copied

    def __reduce__(self) -> tuple:
        return CudaGraphs, (self.most,)


class _Graph(NamedTuple):
    """A recorded inference, and where it reads and writes."""

    graph: torch.cuda.CUDAGraph
    images: Tensor
    outs: list[Tensor]

    def replay(self, images: Tensor) -> list[Tensor]:
        self.images.copy_(images)
        self.graph.replay()
        return [out.clone() for out in self.outs]  # the next replay writes over them


def _may_replay(images: Tensor) -> bool:
    return (
        images.is_cuda
        and type(images) is Tensor
        and not torch.is_grad_enabled()
        and is_eager()
        and not is_in_torch_dispatch_mode()
        and not torch.cuda.is_current_stream_capturing()
    )


def _key(images: Tensor) -> tuple[Any, ...]:
    autocast = torch.is_autocast_enabled('cuda') and torch.get_autocast_dtype('cuda')
    matmul = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    deterministic = torch.are_deterministic_algorithms_enabled()
    how = autocast, chosen_backend(), *matmul, deterministic
    return images.shape, images.stride(), images.dtype, images.device, *how


def state_of(module: nn.Module) -> list[Any] | None:
    """What a graph of a module relies on: its layers, and where their weights are.

    None where its layers must be called: hooks watch them, they are in training mode, or their
    weights are of a class of their own.
    """
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:
        return None
    found: list[Any] = []
    left = [module]
    while left:  # `modules()` remembers what it saw, and takes longer than a small model's graph
        layer = left.pop()
        if layer.training or layer._forward_hooks or layer._forward_pre_hooks:
            return None
        own = layer.__dict__
        # Layers are compared by identity, and kept, so that none takes another one's place.
        found += (layer, own.get('forward'))
        if 'q_merging' in own:
            found += [own.get(name) for name in _SETTINGS]
        for tensors in (layer._parameters, layer._buffers):
            for tensor in tensors.values():
                if tensor is None:
                    continue
                if type(tensor) not in _PLAIN:
                    return None  # it may have no memory of its own
                found += (id(tensor), tensor.data_ptr())
        left += [child for child in layer._modules.values() if child is not None]
    return found


# Weights of other classes, such as quantized ones, have an arithmetic of their own.
_PLAIN = (nn.Parameter, Tensor)
# Of merging, which may be changed between two calls.
_SETTINGS = ('q_merging', 'kv_merging', 'kv_weighted', 'only_if_faster')


def _record(run: Run, images: Tensor, pool: Any) -> _Graph:
    with torch.inference_mode(False):
        recorded = torch.empty_like(images)  # of use inside and outside of inference mode
    recorded.copy_(images)
    # Casts that autocast keeps would be freed when it ends, and be read by the graph all the same.
    autocast = torch.autocast(
        'cuda',
        torch.get_autocast_dtype('cuda'),
        enabled=torch.is_autocast_enabled('cuda'),
        cache_enabled=False,
    )
    with torch.cuda.device(images.device), autocast:
        warm_up(lambda: run(recorded))
        try:
            graph, outs = capture(lambda: run(recorded), pool)
        except RuntimeError as error:
            raise RuntimeError(
                'cuda_graphs = True: this model cannot be recorded as a CUDA graph '
                f'({error}); set cuda_graphs = False'
            ) from error
    return _Graph(graph, recorded, outs)


def warm_up(run: Callable[[], object]) -> None:
    """Call a function on a stream of its own, as it will be while it is captured."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        run()
    torch.cuda.current_stream().wait_stream(side)


def capture(run: Callable[[], Out], pool: Any = None) -> tuple[torch.cuda.CUDAGraph, Out]:
    """Record a function as a CUDA graph.

    Args:
        run: What is recorded; it ran before, so that kernels are compiled and caches filled.
        pool: The memory of other graphs, none of whose results are needed when this one runs.

    Returns:
        The graph, and what the function returned, whose values are those of the last replay. The
        graph knows addresses alone: whoever replays it keeps what the function reads.
    """
    graph = torch.cuda.CUDAGraph()
    # Other threads may go on: data loaders pin memory meanwhile.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode='thread_local'):
        out = run()
    return graph, out
