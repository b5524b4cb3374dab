"""Checkpoints of others in configs: loaded in every way, and refused in one sentence."""

import json
import logging
import shutil

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmseg.apis import init_model
from mmseg.registry import MODELS

from mmseg_tome.checkpoints.files import read
from mmseg_tome.checkpoints.translate import CheckpointError
from mmseg_tome.compat.checkpoints import UnsafeCheckpointError
from tests.analysis.tiny_segmentor import write_checkpoint, write_config
from tests.checkpoints.tiny import hugging_face, labels

NORMS = {
    'model.backbone.norm_cfg': dict(type='LN', eps=1e-5),
    'model.backbone.inner_norm_cfg': dict(type='LN', eps=1e-5),
}
FITTING = {**NORMS, 'model.decode_head.bare_projections': True}


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


@pytest.fixture(scope='module')
def theirs():
    return hugging_face()


@pytest.fixture(scope='module')
def folder(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp('hf') / 'model'
    theirs.save_pretrained(path)
    return path


def image():
    torch.manual_seed(1)
    return torch.randn(1, 3, 65, 96)


@torch.no_grad()
def assert_same(model, theirs):
    model.eval()
    actual, expected = model.encode_decode(image(), [dict(img_shape=(65, 96))]), theirs(image())
    resized = torch.nn.functional.interpolate(expected.logits, (65, 96), mode='bilinear')
    torch.testing.assert_close(actual, resized, rtol=1e-4, atol=1e-4)


def config(tmp_path, **changes):
    return write_config(tmp_path, **{**FITTING, 'model.test_cfg.mode': 'whole', **changes})


def as_bin(folder, path):
    shutil.copytree(folder, path)
    torch.save(read(folder).weights, path / 'pytorch_model.bin')
    (path / 'model.safetensors').unlink()
    return path


def as_shards(theirs, path):
    theirs.save_pretrained(path, max_shard_size='20KB')
    assert len(list(path.glob('model-*.safetensors'))) > 1
    return path


def as_bin_shards(theirs, path):
    as_shards(theirs, path)
    index = json.loads((path / 'model.safetensors.index.json').read_text())
    from safetensors.torch import load_file

    for shard in list(path.glob('*.safetensors')):
        torch.save(load_file(shard), path / f'{shard.stem}.bin')
        shard.unlink()
    index['weight_map'] = {
        key: name.replace('.safetensors', '.bin') for key, name in index['weight_map'].items()
    }
    (path / 'model.safetensors.index.json').unlink()
    (path / 'pytorch_model.bin.index.json').write_text(json.dumps(index))
    return path


@pytest.mark.parametrize(
    'form', ['folder', 'file', 'bin folder', 'bin', 'shards', 'index', 'bin shards', 'pth']
)
def test_every_form_of_file_is_loaded(form, theirs, folder, tmp_path):
    path = tmp_path / 'other'
    if form == 'file':
        path = folder / 'model.safetensors'
    elif form == 'folder':
        path = folder
    elif form.startswith('bin') and 'shards' not in form:
        path = as_bin(folder, path)
        path = path / 'pytorch_model.bin' if form == 'bin' else path
    elif form == 'bin shards':
        path = as_bin_shards(theirs, path)
    elif form == 'pth':
        path = tmp_path / 'saved.pth'
        torch.save(theirs.state_dict(), path)
    else:
        path = as_shards(theirs, path)
        path = path / 'model.safetensors.index.json' if form == 'index' else path
    assert_same(init_model(str(config(tmp_path)), str(path), 'cpu'), theirs)


def test_by_load_from(theirs, folder, tmp_path):
    cfg = Config.fromfile(config(tmp_path))
    run = Runner(cfg.model, str(tmp_path), load_from=str(folder), default_scope='mmseg')
    run.load_or_resume()
    assert_same(run.model, theirs)


def test_by_init_cfg_with_a_prefix(theirs, folder, tmp_path):
    init = dict(type='Pretrained', checkpoint=str(folder), prefix='backbone.')
    cfg = Config.fromfile(config(tmp_path, **{'model.backbone.init_cfg': init}))
    model = MODELS.build(cfg.model)
    model.init_weights()
    whole = init_model(str(config(tmp_path)), str(folder), 'cpu')
    for actual, expected in zip(model.backbone(image()), whole.backbone(image()), strict=True):
        assert torch.equal(actual, expected)


@pytest.mark.parametrize('cls', ['SegformerModel', 'SegformerForImageClassification'])
def test_an_encoder_by_init_cfg(cls, tmp_path):
    theirs = hugging_face(cls)
    theirs.save_pretrained(tmp_path / 'hf')
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'hf'))
    cfg = Config.fromfile(config(tmp_path, **{'model.backbone.init_cfg': init}))
    model = MODELS.build(cfg.model)
    model.init_weights()
    expected = theirs(image(), output_hidden_states=True).hidden_states
    for actual, level in zip(model.backbone(image()), expected, strict=True):
        torch.testing.assert_close(actual, level, rtol=1e-4, atol=1e-4)


def test_classes_come_along(tmp_path):
    names = ['sky', 'tree', 'road']
    hugging_face(classes=3, **labels(names)).save_pretrained(tmp_path / 'hf')
    changes = {'model.decode_head.num_classes': 3}
    model = init_model(str(config(tmp_path, **changes)), str(tmp_path / 'hf'), 'cpu')
    assert model.dataset_meta == {'classes': names}


def refusal(tmp_path, path, **changes):
    with pytest.raises(CheckpointError) as caught:
        init_model(str(config(tmp_path, **changes)), str(path), 'cpu')
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_another_variant_is_named(folder, tmp_path):
    changes = {'model.backbone.num_layers': [2, 2, 2, 2]}
    message = refusal(tmp_path, folder, **changes)
    assert 'a MiT of 1+2+1+1 blocks with 4/8/12/16 channels, and the model has' in message
    assert message.endswith('they differ in depths, (1, 2, 1, 1) and (2, 2, 2, 2)')


def test_variants_have_names(tmp_path):
    from mmseg_tome.checkpoints.fit import fit
    from tests.checkpoints.models import Ours

    with pytest.raises(CheckpointError, match='is of MiT-B0, and the model has MiT-B2: '):
        fit(Ours('b2'), Ours('b0').state_dict())


def test_other_channels_are_named(folder, tmp_path):
    message = refusal(tmp_path, folder, **{'model.backbone.in_channels': 4})
    assert 'takes images of 3 channels, and the model has in_channels = 4: ' in message
    assert '--in-channels 4' in message


def test_another_head_is_named(folder, tmp_path):
    message = refusal(tmp_path, folder, **{'model.decode_head.bare_projections': False})
    assert 'projects levels by bare linears' in message
    assert 'decode_head=dict(bare_projections=True)' in message
    message = refusal(tmp_path, folder, **{'model.decode_head.channels': 16})
    assert 'has 8 channels there, and the model 16: set decode_head' in message


@pytest.mark.parametrize('key', ['norm_cfg', 'inner_norm_cfg'])
def test_another_eps_is_named(key, folder, tmp_path):
    message = refusal(tmp_path, folder, **{f'model.backbone.{key}.eps': 1e-6})
    assert f"trained with {key} = {{'type': 'LN', 'eps': 1e-05}} of the backbone" in message
    assert "and the model has {'type': 'LN', 'eps': 1e-06}" in message


def test_other_heads_of_attention_are_named(tmp_path):
    hugging_face(num_attention_heads=[2, 4, 6, 8]).save_pretrained(tmp_path / 'hf')
    message = refusal(tmp_path, tmp_path / 'hf')
    assert 'num_heads = [2, 4, 6, 8] of the backbone, and the model has [1, 2, 3, 4]' in message


def test_another_number_of_classes_is_one_line(folder, tmp_path, caplog):
    model = init_model(str(config(tmp_path)), None, 'cpu')
    other = init_model(str(config(tmp_path, **{'model.decode_head.num_classes': 5})), None, 'cpu')
    before = other.decode_head.conv_seg.weight.clone()
    logger = logging.getLogger('classes')
    with caplog.at_level(logging.WARNING, 'classes'):
        load_checkpoint(other, str(folder), logger=logger)
    (first, *_) = [record.getMessage() for record in caplog.records]
    assert first.endswith('is of 19 classes, and the model has 5: the classifier is drawn anew')
    assert torch.equal(other.decode_head.conv_seg.weight, before)
    load_checkpoint(model, str(folder))
    assert torch.equal(
        other.decode_head.fusion_conv.conv.weight, model.decode_head.fusion_conv.conv.weight
    )


@pytest.mark.parametrize('prefix', ['whole', 'backbone'])
def test_a_whole_model_for_a_backbone_and_back(prefix, folder, tmp_path):
    model = init_model(str(config(tmp_path)), None, 'cpu')
    if prefix == 'whole':
        with pytest.raises(CheckpointError, match=r"add prefix='backbone\.' to its init_cfg"):
            load_checkpoint(model.backbone, str(folder))
    else:
        hugging_face('SegformerModel').save_pretrained(tmp_path / 'hf')
        with pytest.raises(CheckpointError, match='holds a backbone alone'):
            load_checkpoint(model, str(tmp_path / 'hf'))


def test_no_common_name_is_an_error(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save({'state_dict': {'a.weight': torch.ones(1)}}, path)
    message = refusal(tmp_path, path)
    assert 'no name in common with the model: it holds a.weight, the model has backbone.' in message


def test_what_is_unknown_is_an_error(folder, tmp_path):
    weights = {**read(folder).weights, 'segformer.extra.weight': torch.ones(1)}
    torch.save(weights, tmp_path / 'extra.pth')
    message = refusal(tmp_path, tmp_path / 'extra.pth')
    assert message.endswith('holds what is no part of a SegFormer: segformer.extra.weight')


@pytest.mark.parametrize(
    'part', ['encoder.block.1.1.mlp.dense2.bias', 'encoder.block.0.0.attention.self.key.weight']
)
def test_what_is_missing_is_an_error(part, folder, tmp_path):
    weights = read(folder).weights
    del weights[f'segformer.{part}']
    torch.save(weights, tmp_path / 'part.pth')
    message = refusal(tmp_path, tmp_path / 'part.pth')
    assert 'missing' in message or f'lacks segformer.{part}' in message


def test_a_shard_alone_is_not_complete(theirs, tmp_path):
    as_shards(theirs, tmp_path / 'hf')
    shard = sorted((tmp_path / 'hf').glob('model-*.safetensors'))[0]
    message = refusal(tmp_path, shard)
    assert 'not complete' in message or 'lacks' in message or 'a part' in message


def test_nothing_to_resume_is_one_sentence(folder, tmp_path):
    cfg = Config.fromfile(config(tmp_path))
    run = Runner(
        cfg.model, str(tmp_path), load_from=str(folder), resume=True, default_scope='mmseg'
    )
    with pytest.raises(CheckpointError, match='holds weights and no state of training'):
        run.load_or_resume()


def test_a_pickle_that_runs_code_is_refused(folder, tmp_path):
    path = tmp_path / 'hf'
    shutil.copytree(folder, path)
    (path / 'model.safetensors').unlink()
    torch.save(print, path / 'pytorch_model.bin')
    with pytest.raises(UnsafeCheckpointError, match='it holds print'):
        init_model(str(config(tmp_path)), str(path), 'cpu')


def test_ours_are_checked_too(tmp_path):
    path = write_checkpoint(tmp_path, write_config(tmp_path))
    message = refusal(tmp_path, path)
    assert message.startswith('the checkpoint has a head that projects levels by linears with norm')


def test_fewer_stages_take_what_they_have(folder, tmp_path):
    from mmseg_tome.models import MixVisionTransformer

    three = MixVisionTransformer(
        embed_dims=4,
        num_stages=3,
        num_layers=[1, 2, 1],
        num_heads=[1, 2, 3],
        patch_sizes=[7, 3, 3],
        strides=[4, 2, 2],
        sr_ratios=[8, 4, 2],
        out_indices=(0, 1, 2),
        mlp_ratio=2,
    )
    weights = init_model(str(config(tmp_path)), str(folder), 'cpu').backbone.state_dict()
    torch.save(weights, tmp_path / 'four.pth')
    load_checkpoint(three, str(tmp_path / 'four.pth'))
    assert all(torch.equal(weights[name], value) for name, value in three.state_dict().items())


def test_tools_take_a_folder(theirs, folder, tmp_path):
    from mmseg_tome.analysis.loading import load_model

    assert_same(load_model(Config.fromfile(config(tmp_path)), folder), theirs)
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        load_model(Config.fromfile(config(tmp_path)), folder / 'missing')
