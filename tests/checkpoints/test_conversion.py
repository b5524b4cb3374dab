"""Converting files: what is written, what is refused, and that both stacks see the same."""

import json
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from mmseg.utils import get_classes, get_palette
from PIL import Image

from mmseg_tome.checkpoints import CheckpointError, convert
from mmseg_tome.checkpoints.model import load_model
from mmseg_tome.cli import main
from tests.analysis.tiny_segmentor import write_checkpoint, write_config
from tests.checkpoints import nvlabs
from tests.checkpoints.models import randomize
from tests.checkpoints.tiny import hugging_face, image_processor, labels, transformers, write_folder


def picture(path, width=213, height=147):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 12, width // 12, 3), np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


@torch.no_grad()
def classes_by_transformers(folder, path):
    """The class of every pixel by transformers alone, from files on disk."""
    model = transformers.SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    processor = image_processor().from_pretrained(folder)
    image = Image.open(path)
    outputs = model(**processor(images=image, return_tensors='pt'))
    sizes = [(image.height, image.width)]
    return processor.post_process_semantic_segmentation(outputs, sizes)[0]


def classes_by_mmseg(out, path):
    model = init_model(str(out.with_suffix('.py')), str(out), 'cpu')
    return inference_model(model, str(path)).pred_sem_seg.data[0]


PROCESSORS = {
    'resized': dict(size={'height': 96, 'width': 128}),
    'resized by another filter': dict(size={'height': 120, 'width': 64}, resample=3),
    'as it is': dict(do_resize=False),
    'another norm': dict(do_resize=False, image_mean=[0.5] * 3, image_std=[0.4, 0.5, 0.6]),
    'from 0 to 255': dict(
        do_resize=False, do_rescale=False, image_mean=[120.0] * 3, image_std=[60.0] * 3
    ),
    'no norm': dict(size={'height': 64, 'width': 64}, do_normalize=False),
}


@pytest.mark.parametrize('processor', PROCESSORS)
def test_every_pixel_has_the_same_class_in_both_stacks(processor, tmp_path):
    settings = PROCESSORS[processor]
    model = hugging_face(classes=19)
    folder = write_folder(tmp_path / 'hf', model, **settings)
    path, out = picture(tmp_path / 'picture.png'), tmp_path / 'ours.pth'
    convert(folder, out)
    expected = classes_by_transformers(folder, path)
    assert expected.shape == (147, 213) and len(expected.unique()) > 2
    assert (classes_by_mmseg(out, path) != expected).sum() == 0


def test_there_and_back_is_the_same_file(tmp_path):
    names = ['sky', 'tree', 'road']
    model = hugging_face(classes=3, **labels(names))
    size = {'height': 96, 'width': 128}
    folder = write_folder(tmp_path / 'hf', model, size=size, do_reduce_labels=True)
    convert(folder, tmp_path / 'ours.pth')
    convert(tmp_path / 'ours.pth', tmp_path / 'back', to='hf')
    weights = 'model.safetensors'
    assert (tmp_path / 'back' / weights).read_bytes() == (folder / weights).read_bytes()
    before, after = (
        transformers.SegformerConfig.from_pretrained(path).to_dict()
        for path in (folder, tmp_path / 'back')
    )
    assert {key for key in before if before[key] != after[key]} <= {'dtype', 'architectures'}
    before, after = (
        json.loads((path / 'preprocessor_config.json').read_text())
        for path in (folder, tmp_path / 'back')
    )
    for key in before.keys() - {'image_processor_type'}:
        approximately = pytest.approx if key in ('image_mean', 'image_std') else lambda value: value
        assert after[key] == approximately(before[key])


@torch.no_grad()
def test_ours_becomes_a_folder_of_theirs(tmp_path):
    norm = dict(type='LN', eps=1e-5)
    config = write_config(
        tmp_path,
        **{'model.decode_head.bare_projections': True, 'model.backbone.norm_cfg': norm},
        **{'model.test_cfg.mode': 'whole'},
    )
    path = write_checkpoint(tmp_path, config)
    saved = torch.load(path)
    saved['meta'] = {'cfg': Config.fromfile(config).pretty_text}
    torch.save(saved, path)
    lines = convert(path, tmp_path / 'hf', to='hf')
    assert lines[-1].startswith('wrote ') and len(lines) == 2  # and nothing about epsilons
    theirs = transformers.SegformerForSemanticSegmentation.from_pretrained(tmp_path / 'hf').eval()
    ours = init_model(str(config), str(path), 'cpu')
    x = torch.randn(1, 3, 65, 96)
    actual = theirs(x).logits
    expected = ours.decode_head(ours.backbone(x))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)
    processor = json.loads((tmp_path / 'hf' / 'preprocessor_config.json').read_text())
    assert processor['image_mean'] == pytest.approx([120 / 255] * 3)
    assert processor['do_resize'] is False


@pytest.mark.parametrize('target', ['hf', 'nvlabs'])
def test_a_head_with_norms_has_no_equivalent(target, tmp_path):
    path = write_checkpoint(tmp_path, write_config(tmp_path))
    out = tmp_path / ('hf' if target == 'hf' else 'out.pth')
    with pytest.raises(CheckpointError, match=r'a head with norm and ReLU .* --encoder-only'):
        convert(path, out, to=target)
    assert not out.exists()
    lines = convert(path, out, to=target, encoder_only=True)
    assert any('left out: decode_head.' in line and '(the head)' in line for line in lines)
    assert any(
        line.startswith('epsilons of norms: the model has 1e-06 and 1e-06') for line in lines
    )
    if target == 'hf':
        encoder = transformers.SegformerModel.from_pretrained(out)
        assert len(list(encoder.parameters())) > 50
    back = load_model(out)
    ours = torch.load(path)['state_dict']
    assert all(torch.equal(ours[f'backbone.{name}'], value) for name, value in back.weights.items())


def test_nvlabs_and_its_classes(tmp_path):
    model = randomize(nvlabs.Segformer('b0')).float()
    meta = {'CLASSES': tuple(get_classes('cityscapes')), 'PALETTE': get_palette('cityscapes')}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, tmp_path / 'nv.pth')
    lines = convert(tmp_path / 'nv.pth', tmp_path / 'ours.pth')
    assert lines[0] == (
        'NVlabs: MiT-B0, 3 channels, head of 256 channels, 19 classes (CityscapesDataset)'
    )
    assert "left out: decode_head.conv_seg.weight, decode_head.conv_seg.bias (the base class's" in (
        '\n'.join(lines)
    )
    ours = init_model(str(tmp_path / 'ours.py'), str(tmp_path / 'ours.pth'), 'cpu')
    assert ours.dataset_meta['classes'] == get_classes('cityscapes')
    assert ours.dataset_meta['palette'] == get_palette('cityscapes')
    x = torch.randn(1, 3, 65, 96)
    with torch.no_grad():
        torch.testing.assert_close(
            ours.decode_head(ours.backbone(x)), model(x), rtol=1e-4, atol=1e-4
        )
    convert(tmp_path / 'ours.pth', tmp_path / 'back.pth', to='nvlabs')
    back = torch.load(tmp_path / 'back.pth')
    assert back['meta']['CLASSES'] == get_classes('cityscapes')
    before = model.state_dict()
    assert all(torch.equal(before[name], value) for name, value in back['state_dict'].items())


@pytest.mark.parametrize('data', ['cityscapes', 'ade20k'])
def test_data_sets_are_known_by_their_classes(data, tmp_path):
    names = [name.strip().title() for name in get_classes(data)]
    folder = write_folder(
        tmp_path / 'hf', hugging_face(classes=len(names), **labels(names)), do_reduce_labels=True
    )
    convert(folder, tmp_path / 'ours.pth')
    cfg = Config.fromfile(tmp_path / 'ours.py')
    dataset = cfg.test_dataloader.dataset
    assert dataset.type == {'cityscapes': 'CityscapesDataset', 'ade20k': 'ADE20KDataset'}[data]
    assert dict(type='LoadAnnotations', reduce_zero_label=True) in dataset.pipeline
    meta = torch.load(tmp_path / 'ours.pth')['meta']['dataset_meta']
    assert meta == {'classes': get_classes(data), 'palette': get_palette(data)}


def test_other_classes_get_a_data_set_of_folders(tmp_path):
    names = ['sky', 'tree', "child's road"]
    folder = write_folder(tmp_path / 'hf', hugging_face(classes=3, **labels(names)))
    convert(folder, tmp_path / 'ours.pth')
    dataset = Config.fromfile(tmp_path / 'ours.py').test_dataloader.dataset
    assert dataset.type == 'BaseSegDataset' and dataset.metainfo.classes == names


def test_an_encoder_says_what_to_set(tmp_path):
    hugging_face('SegformerForImageClassification').save_pretrained(tmp_path / 'hf')
    lines = convert(tmp_path / 'hf', tmp_path / 'ours.pth')
    assert not (tmp_path / 'ours.py').exists()
    assert any('left out: classifier.' in line and "ImageNet's" in line for line in lines)
    assert 'a backbone alone' in lines[-1] and "norm_cfg={'type': 'LN', 'eps': 1e-05}" in lines[-1]


@pytest.mark.parametrize('channels', [1, 2, 4, 6])
@torch.no_grad()
def test_channels_alike_give_what_they_gave(channels, tmp_path):
    folder = write_folder(tmp_path / 'hf', hugging_face())
    convert(folder, tmp_path / 'three.pth')
    lines = convert(folder, tmp_path / 'other.pth', in_channels=channels)
    assert f'first layer: adapted to {channels} channels' in lines
    three, other = (
        init_model(str(tmp_path / f'{name}.py'), str(tmp_path / f'{name}.pth'), 'cpu')
        for name in ('three', 'other')
    )
    assert len(other.data_preprocessor.mean) == channels
    gray = torch.randn(1, 1, 64, 96)
    actual = other.backbone(gray.expand(-1, channels, -1, -1))
    for level, expected in zip(actual, three.backbone(gray.expand(-1, 3, -1, -1)), strict=True):
        torch.testing.assert_close(level, expected, rtol=1e-4, atol=1e-4)
    if channels > 3:
        first, old = (model.backbone.layers[0][0].projection.weight for model in (other, three))
        torch.testing.assert_close(first[:, :3], old * (3 / channels))


@pytest.mark.parametrize('existing', ['ours.pth', 'ours.py', 'hf2'])
def test_nothing_is_overwritten(existing, tmp_path):
    folder = write_folder(tmp_path / 'hf', hugging_face())
    (tmp_path / existing).write_text('mine')
    out, to = (tmp_path / 'hf2', 'hf') if existing == 'hf2' else (tmp_path / 'ours.pth', 'mmseg')
    with pytest.raises(FileExistsError, match='exists already, and nothing is overwritten'):
        convert(folder, out, to=to)
    assert (tmp_path / existing).read_text() == 'mine'
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['missing', 'ours.pth'], 'missing is no file and no folder'),
        (['hf', 'ours'], 'ours does not end with .pth, as checkpoints of mmseg do'),
        (['hf', 'ours.pth', '--to', 'hf'], 'ours.pth is the name of a file: Hugging Face has'),
        (['other.pth', 'ours.pth'], 'it is of no SegFormer that is known: it holds a'),
        (['code.pth', 'ours.pth'], 'it holds print'),
        (['empty', 'ours.pth'], 'empty holds no weights: there should be model.safetensors or'),
        (['crop', 'ours.pth'], 'do_center_crop = True'),
        (['relu', 'ours.pth'], "hidden_act = 'relu' of its config.json is not supported"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / 'hf', hugging_face())
    write_folder(tmp_path / 'crop', hugging_face())
    (tmp_path / 'crop' / 'preprocessor_config.json').write_text('{"do_center_crop": true}')
    write_folder(tmp_path / 'relu', hugging_face(hidden_act='relu'))
    (tmp_path / 'empty').mkdir()
    torch.save({'a': torch.ones(1)}, tmp_path / 'other.pth')
    torch.save(print, tmp_path / 'code.pth')
    capsys.readouterr()  # of transformers
    assert main(['convert', *arguments]) == 2
    printed = capsys.readouterr()
    assert said in printed.err and len(printed.err.splitlines()) == 1
    assert not (tmp_path / 'ours.pth').exists() and not (tmp_path / 'ours').exists()


def test_the_command_says_what_it_wrote(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / 'hf', hugging_face())
    assert main(['convert', 'hf', 'ours.pth']) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.endswith('mim test mmsegmentation ours.py --checkpoint ours.pth')
    assert '`' not in last
    first = (tmp_path / 'ours.py').read_text().splitlines()[0]
    assert first.endswith('written by: python -m mmseg_tome convert hf ours.pth')


def test_a_config_in_a_checkpoint_is_not_run(tmp_path):
    from mmseg_tome.checkpoints.model import read_assignment

    marker = tmp_path / 'executed'
    text = f'import os\nos.system("touch {marker}")\nmodel = dict(backbone=dict(eps=[1, (2,)]))\n'
    assert read_assignment(text, 'model') == {'backbone': {'eps': [1, [2]]}}
    assert read_assignment(text + f'other = dict(a=open("{marker}", "w"))', 'other') == {}
    assert read_assignment(None, 'model') == {} and read_assignment('(', 'model') == {}
    assert not marker.exists()


def test_eps_of_a_converted_checkpoint_is_known(tmp_path):
    """Also without the config that was written beside it."""
    folder = write_folder(tmp_path / 'hf', hugging_face())
    convert(folder, tmp_path / 'ours.pth')
    stock = write_config(tmp_path, **{'model.decode_head.bare_projections': True})
    with pytest.raises(CheckpointError, match=r'norm_cfg = .*1e-05.* and the model has .*1e-06'):
        init_model(str(stock), str(tmp_path / 'ours.pth'), 'cpu')


def test_the_encoder_of_a_pose_model(tmp_path):
    model = hugging_face('SegformerModel')
    model.save_pretrained(tmp_path / 'hf')
    backbone = load_model(tmp_path / 'hf').weights
    pose = {f'backbone.{name}': value for name, value in backbone.items()}
    pose |= {
        'head.convs.0.conv.weight': torch.ones(8, 4, 1, 1),
        'head.final_layer.bias': torch.ones(3),
    }
    torch.save({'state_dict': pose}, tmp_path / 'pose.pth')
    with pytest.raises(CheckpointError, match=r"a head that is not SegFormer's has no equivalent"):
        convert(tmp_path / 'pose.pth', tmp_path / 'back', to='hf')
    convert(tmp_path / 'pose.pth', tmp_path / 'back', to='hf', encoder_only=True)
    for name, value in load_model(tmp_path / 'back').weights.items():
        assert torch.equal(value, backbone[name])


def test_half_precision_stays(tmp_path):
    folder = write_folder(tmp_path / 'hf', hugging_face().half())
    convert(folder, tmp_path / 'ours.pth')
    convert(tmp_path / 'ours.pth', tmp_path / 'back', to='hf')
    weights = 'model.safetensors'
    assert (tmp_path / 'back' / weights).read_bytes() == (folder / weights).read_bytes()


def test_by_the_inferencer_as_it_is(tmp_path):
    from mmseg.apis import MMSegInferencer

    folder = write_folder(tmp_path / 'hf', hugging_face(), do_resize=False)
    path = picture(tmp_path / 'picture.png')
    convert(folder, tmp_path / 'ours.pth')
    inferencer = MMSegInferencer(str(tmp_path / 'ours.py'), str(folder), device='cpu')
    actual = inferencer(str(path), show=False)['predictions']
    assert np.array_equal(actual, classes_by_transformers(folder, path).numpy())


def test_every_name_is_listed_on_request(tmp_path):
    folder = write_folder(tmp_path / 'hf', hugging_face())
    lines = convert(folder, tmp_path / 'ours.pth', names=True)
    ours = torch.load(tmp_path / 'ours.pth')['state_dict']
    listed = dict(reversed(line.split(' -> ')) for line in lines if ' -> ' in line)
    assert listed.keys() == ours.keys()
    block = 'segformer.encoder.block.0.0.attention.self'
    assert listed['backbone.layers.0.1.0.attn.attn.in_proj_bias'] == (
        f'{block}.query.bias + {block}.key.bias + {block}.value.bias'
    )
    lines = convert(tmp_path / 'ours.pth', tmp_path / 'back', to='hf', names=True)
    assert any(line.endswith(f' -> {block}.query.bias') for line in lines)


@pytest.mark.parametrize('what', ['read', 'write'])
def test_without_safetensors_one_line_says_what_to_install(what, tmp_path, monkeypatch, capsys):
    folder = write_folder(tmp_path / 'hf', hugging_face())
    convert(folder, tmp_path / 'ours.pth')
    monkeypatch.setitem(sys.modules, 'safetensors.torch', None)
    arguments = {
        'read': [str(folder), str(tmp_path / 'other.pth')],
        'write': [str(tmp_path / 'ours.pth'), str(tmp_path / 'back'), '--to', 'hf'],
    }[what]
    capsys.readouterr()
    assert main(['convert', *arguments]) == 2
    error = capsys.readouterr().err
    assert error.endswith('not installed; get it with: pip install safetensors\n')
    assert error.count('\n') == 1 and not (tmp_path / 'back').exists()


def test_a_head_without_norms_is_not_taken_for_a_bare_one(tmp_path):
    """Its projections have biases as bare ones do, and a ReLU, which no name tells."""
    config = write_config(tmp_path, **{'model.decode_head.norm_cfg': None})
    with pytest.raises(CheckpointError, match='--encoder-only'):
        convert(write_checkpoint(tmp_path, config), tmp_path / 'hf', to='hf')
