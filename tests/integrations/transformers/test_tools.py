"""transformers' own tools with converted models: Trainer and pipelines."""

import copy

import numpy as np
import pytest
import torch

from mmseg_tome import apply_tome
from tests.integrations.transformers.models import CLASSES, build, image

transformers = pytest.importorskip('transformers', exc_type=ImportError)
pytest.importorskip('accelerate', exc_type=ImportError)


def train(model, folder, **settings):
    """Three steps on the same drawn images; what every step's loss was."""
    labels = (image((64, 96), batch=2).float().mean(dim=1) * 5).long() % CLASSES
    data = [
        {'pixel_values': pixels, 'labels': mask}
        for pixels, mask in zip(image((64, 96), batch=2).float(), labels, strict=True)
    ]
    arguments = transformers.TrainingArguments(
        str(folder),
        per_device_train_batch_size=2,
        max_steps=3,
        logging_steps=1,
        learning_rate=1e-3,
        report_to='none',
        use_cpu=True,
        disable_tqdm=True,
        **settings,
    )
    trainer = transformers.Trainer(model, arguments, train_dataset=data)
    trainer.train()
    trainer.save_model()
    return [entry['loss'] for entry in trainer.state.log_history if 'loss' in entry]


def test_trainer_trains_as_with_theirs(tmp_path):
    theirs = build().float()
    ours = apply_tome(copy.deepcopy(theirs), None)
    expected = train(theirs, tmp_path / 'theirs')
    assert train(ours, tmp_path / 'ours') == pytest.approx(expected, rel=1e-3)
    assert len(expected) == 3 and expected[2] < expected[0]
    for name, weight in theirs.state_dict().items():
        found = ours.state_dict()[name]
        torch.testing.assert_close(found.cpu(), weight.cpu(), rtol=1e-2, atol=5e-3)


@pytest.mark.parametrize('settings', [{}, {'bf16': True}], ids=['fp32', 'bf16'])
def test_trainer_trains_merged(tmp_path, settings):
    model = apply_tome(build().float(), 'hq')
    losses = train(model, tmp_path, **settings)
    assert losses[2] < losses[0]
    loaded = transformers.SegformerForSemanticSegmentation.from_pretrained(tmp_path).state_dict()
    assert loaded.keys() == model.state_dict().keys()
    assert all(torch.equal(loaded[name], weight) for name, weight in model.state_dict().items())


@pytest.mark.parametrize('strategy', [None, 'hq', 'downsample'])
def test_pipeline(strategy):
    """The masks are where each class has the highest score."""
    image_module = pytest.importorskip('PIL.Image')
    processor = transformers.SegformerImageProcessor(size={'height': 64, 'width': 96})
    model = apply_tome(build().float(), strategy)
    segment = transformers.pipeline(
        'image-segmentation', model=model, image_processor=processor, device='cpu'
    )
    pixels = np.random.default_rng(0).integers(0, 255, (50, 90, 3), dtype=np.uint8)
    picture = image_module.fromarray(pixels)
    found = {each['label']: np.asarray(each['mask']) > 0 for each in segment(picture)}
    with torch.no_grad():
        outputs = model(**processor(picture, return_tensors='pt'))
    (classes,) = processor.post_process_semantic_segmentation(outputs, [(50, 90)])
    expected = {model.config.id2label[i]: (classes == i).numpy() for i in classes.unique().tolist()}
    assert len(expected) > 1 and found.keys() == expected.keys()
    for label, mask in expected.items():
        assert np.array_equal(found[label], mask)
