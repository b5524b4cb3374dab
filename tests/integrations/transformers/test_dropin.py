"""What people do to models of transformers goes on working with converted ones."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from mmseg_tome import apply_tome
from tests.baselines.stock import relative_difference
from tests.integrations.transformers.models import (
    MODELS,
    build,
    gradients,
    has_stages,
    image,
    output,
)

transformers = pytest.importorskip('transformers', exc_type=ImportError)
needs_stages = pytest.mark.skipif(not has_stages(), reason='not in this version of transformers')


def pair(**settings):
    theirs = build(**settings)
    return theirs, apply_tome(copy.deepcopy(theirs), None)


def all_modules(model):
    """Every layer of the first block of each stage, of patch embeddings and of the head."""
    return [
        name
        for name, module in model.named_modules()
        if name not in ('', 'segformer')
        and not isinstance(module, (nn.ModuleList, transformers.PreTrainedModel))
        and '1.1.' not in name
    ]


class TestHooks:
    def test_every_layer_is_called_as_theirs_is(self):
        theirs, ours = pair()
        names = all_modules(theirs)
        assert len(names) > 50
        for name in names:
            calls = []
            for model in (theirs, ours):

                def change(module, args, out, calls=calls):
                    calls.append(getattr(args[0], 'shape', len(args[0])))
                    return 1.5 * out if isinstance(out, torch.Tensor) else None

                handle = model.get_submodule(name).register_forward_hook(change)
                with torch.no_grad():
                    calls.append(output(model, image()))
                handle.remove()
            half = len(calls) // 2
            assert calls[: half - 1] == calls[half:-1] != [], name
            assert relative_difference(calls[-1], calls[half - 1]) <= 1e-10, name

    def test_projections_see_what_is_merged(self):
        model = apply_tome(build(), 'n2d_2x2')
        attention = next(m for n, m in model.named_modules() if n.endswith('attention'))
        layer = attention.q_proj if has_stages() else attention.self.query
        seen = []
        layer.register_forward_hook(lambda module, args, out: seen.append(args[0].shape))
        plain = output(apply_tome(build(), 'n2d_2x2'), image())
        assert relative_difference(output(model, image()), plain) <= 1e-10
        assert seen == [(2, 13 * 17, 16)]  # of 25 x 33


def test_pruned_layers_stay_pruned():
    theirs, ours = pair()
    with torch.no_grad():
        before = output(theirs, image())
        for name, layer in theirs.named_modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                for model in (theirs, ours):
                    prune.l1_unstructured(model.get_submodule(name), 'weight', 0.3)
        expected = output(theirs, image())
        assert relative_difference(output(ours, image()), expected) <= 1e-10
        assert relative_difference(before, expected) > 1e-2


class TestAdapters:
    @pytest.mark.parametrize('order', ['adapters first', 'conversion first'])
    @pytest.mark.parametrize('strategy', [None, 'hq', 'fast_weighted'])
    def test_lora(self, strategy, order):
        """Outputs and gradients are those of the weights that the adapters amount to."""
        peft = pytest.importorskip('peft', exc_type=ImportError)
        names = ['q_proj', 'k_proj', 'v_proj'] if has_stages() else ['query', 'key', 'value']
        config = peft.LoraConfig(r=2, target_modules=names, init_lora_weights=False)
        torch.manual_seed(0)
        if order == 'adapters first':
            model = apply_tome(peft.get_peft_model(build(), config).double(), strategy)
        else:
            model = peft.get_peft_model(apply_tome(build(), strategy), config).double()
        model.eval()
        out = output(model, image())
        out.square().mean().backward()
        found = gradients(model)
        assert found and all('lora_' in name for name in found)
        assert all(grad.abs().sum() > 0 for grad in found.values())
        merged = copy.deepcopy(model).merge_and_unload()
        with torch.no_grad():
            assert relative_difference(out, output(merged, image())) <= 1e-10
            assert relative_difference(out, output(apply_tome(build(), strategy), image())) > 1e-3


@needs_stages
class TestAttentionImplementations:
    def test_another_one_is_called_with_what_is_left(self):
        shapes = []

        def attention(module, query, key, value, attention_mask, **kwargs):
            shapes.append((query.shape[2], key.shape[2]))
            sdpa = transformers.modeling_utils.ALL_ATTENTION_FUNCTIONS['sdpa']
            return sdpa(module, query, key, value, attention_mask, **kwargs)

        transformers.AttentionInterface.register('counted', attention)
        model, expected = build(), build()
        model.config._attn_implementation = 'counted'
        for strategy in (None, 'n2d_2x2'):
            shapes.clear()
            for each in (model, expected):
                apply_tome(each, strategy)
            with torch.no_grad():
                assert (
                    relative_difference(output(model, image()), output(expected, image())) <= 1e-10
                )
            assert shapes[0] == ((13 * 17 if strategy else 25 * 33), 3 * 4)
        with pytest.raises(ValueError, match="'counted' takes no weights of keys"):
            output(apply_tome(model, 'hq_weighted'), image())

    def test_eager_with_called_layers_weights_keys(self):
        models = [apply_tome(build(attention=name), 'hq_weighted') for name in ('eager', 'sdpa')]
        for module in models[0].modules():
            if isinstance(module, nn.Linear):
                module.register_forward_hook(lambda module, args, out: None)
        with torch.no_grad():
            found = [output(model, image()) for model in models]
        assert relative_difference(*found) <= 1e-6

    @pytest.mark.parametrize('reentrant', [False, True])
    def test_gradient_checkpointing(self, reentrant):
        for strategy in (None, 'hq'):
            results = []
            for checkpointing in (True, False):
                model = apply_tome(build(), strategy).train()
                calls = []
                if checkpointing:
                    model.gradient_checkpointing_enable({'use_reentrant': reentrant})
                block = model.segformer.stages[1].blocks[0]
                block.layernorm_before.register_forward_hook(lambda *_, c=calls: c.append(1))
                out = output(model, image().requires_grad_())
                out.square().mean().backward()
                assert len(calls) == (2 if checkpointing else 1)
                results.append((out, gradients(model)))
            (out, grads), (want, wants) = results
            assert relative_difference(out, want) <= 1e-10
            for name, grad in grads.items():
                assert (grad - wants[name]).norm() <= 1e-10 * wants[name].norm() + 1e-12


class TestPrecision:
    @pytest.mark.parametrize('strategy', [None, 'n2d_2x2'])
    @pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
    def test_autocast(self, strategy, dtype):
        """In training too; without matching, which may decide near-ties otherwise."""
        model = apply_tome(build(), strategy).float()
        x = image().float()
        expected = output(model, x)
        with torch.autocast('cpu', dtype):
            out = output(model, x)
        assert out.dtype == dtype
        assert relative_difference(out, expected) <= 3e-2
        out.float().square().mean().backward()
        assert all(grad.isfinite().all() for grad in gradients(model).values())

    def test_bf16(self):
        model = apply_tome(build(), 'hq').bfloat16()
        expected = output(copy.deepcopy(model).float(), image().bfloat16().float())
        with torch.no_grad():
            out = output(model, image().bfloat16())
        assert out.dtype == torch.bfloat16
        assert relative_difference(out, expected) <= 5e-2


@pytest.mark.parametrize('strategy', [None, 'hq', 'n2d_2x2'])
def test_compile(strategy):
    model = apply_tome(build(), strategy)
    compiled = torch.compile(model, backend='aot_eager', fullgraph=has_stages())
    with torch.no_grad():
        expected = output(model, image())
        assert relative_difference(output(compiled, image()), expected) <= 1e-10


class TestStorage:
    @pytest.mark.parametrize('cls', MODELS)
    def test_saved_models_are_theirs(self, cls, tmp_path):
        """File for file; `from_pretrained` gives theirs back, unmerged."""
        theirs = build(cls).float()
        ours = apply_tome(copy.deepcopy(theirs), 'hq')
        for model, name in ((theirs, 'theirs'), (ours, 'ours')):
            model.save_pretrained(tmp_path / name)
        files = sorted(path.name for path in (tmp_path / 'theirs').iterdir())
        assert files == sorted(path.name for path in (tmp_path / 'ours').iterdir())
        for name in files:
            assert (tmp_path / 'ours' / name).read_bytes() == (
                tmp_path / 'theirs' / name
            ).read_bytes(), name
        loaded = getattr(transformers, cls).from_pretrained(tmp_path / 'ours').eval()
        assert not [m for m in loaded.modules() if type(m).__module__.startswith('mmseg_tome')]
        with torch.no_grad():
            assert torch.equal(output(loaded, image().float()), output(theirs, image().float()))
            apply_tome(loaded, 'hq')
            assert torch.equal(output(loaded, image().float()), output(ours, image().float()))

    @pytest.mark.parametrize('copied', [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_copies_keep_the_strategy(self, copied):
        model = apply_tome(build(), 'fast')
        again = copied(model)  # after a first pass, transformers' hooks cannot be pickled
        with torch.no_grad():
            expected = output(model, image())
            assert torch.equal(output(again, image()), expected)
            apply_tome(again, None)
            assert relative_difference(output(again, image()), expected) > 1e-4
            assert torch.equal(output(model, image()), expected)

    def test_nothing_but_classes_changes(self):
        model = build()
        model.decode_head.register_buffer('mine', torch.ones(1))
        model.train()
        before = {name: id(value) for name, value in model.state_dict(keep_vars=True).items()}
        parts = {name: id(module) for name, module in model.named_modules()}
        config = model.config.to_dict()
        apply_tome(model, 'hq')
        assert before == {n: id(value) for n, value in model.state_dict(keep_vars=True).items()}
        assert parts == {name: id(module) for name, module in model.named_modules()}
        assert all(module.training for module in model.modules())
        assert type(model).__module__.startswith('transformers.')
        assert type(model.segformer).__module__.startswith('transformers.')
        assert model.config.to_dict() == config
