import torch

from mmseg_tome.ops.compiling import constant_when_compiled


def test_is_the_mark_of_pytorch():
    ours, theirs = (lambda: 1), (lambda: 1)
    assert constant_when_compiled(ours) is ours
    assert vars(torch.compiler.assume_constant_result(theirs)) == vars(ours)


def test_is_called_once_while_tracing():
    calls = []

    @constant_when_compiled
    def factor() -> float:
        calls.append(1)
        return 3.0

    compiled = torch.compile(lambda x: x * factor(), backend='eager', fullgraph=True)
    x = torch.ones(2)
    assert torch.equal(compiled(x), 3 * x) and torch.equal(compiled(x), 3 * x)
    assert len(calls) == 1
