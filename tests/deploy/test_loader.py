"""An exported model is a checkpoint: the frameworks load it, and predict with it."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint

from mmseg_tome.deploy import loader
from mmseg_tome.deploy.export import Settings, export_model
from tests.analysis.tiny_segmentor import write_config
from tests.baselines.stock import relative_difference
from tests.deploy.models import picture, tiny_estimator, tiny_segmentor

pytest.importorskip('mmseg')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')


def meta(picture, **others):
    size = tuple(picture.shape[:2])
    return dict(ori_shape=size, img_shape=size, img_path='street.png', **others)


def predict(model, pictures):
    from mmseg.structures import SegDataSample

    samples = [SegDataSample(metainfo=meta(p)) for p in pictures]
    data = {'inputs': [p.permute(2, 0, 1) for p in pictures], 'data_samples': samples}
    return model.test_step(data)


def loaded(path, strategy='hq', **test_cfg):
    model = tiny_segmentor(strategy)
    model.test_cfg = Config(test_cfg or dict(mode='whole'))
    load_checkpoint(model, str(path), 'cpu')
    return model.eval()


@pytest.mark.parametrize('normalize', [False, True])
def test_whole_images(exported, normalize):
    pictures = picture(96, 128, batch=2)
    expected = tiny_segmentor('hq')
    expected.test_cfg = Config(dict(mode='whole'))
    found = predict(loaded(exported('onnx', normalize=normalize)), pictures)
    for one, want in zip(found, predict(expected, pictures), strict=True):
        assert relative_difference(one.seg_logits.data, want.seg_logits.data) < 1e-4
        assert (one.pred_sem_seg.data == want.pred_sem_seg.data).float().mean() > 0.999


def test_sliding_windows(exported):
    pictures, slide = picture(120, 200), dict(mode='slide', crop_size=(96, 128), stride=(64, 96))
    expected = tiny_segmentor('hq')
    expected.test_cfg = Config(slide)
    (found,), (want,) = (
        predict(model, pictures) for model in (loaded(exported('onnx'), **slide), expected)
    )
    assert relative_difference(found.seg_logits.data, want.seg_logits.data) < 1e-4


def test_other_sizes_say_what_to_export(exported):
    with pytest.raises(
        ValueError, match='this one has 64x64: export it with --size 64x64, or with'
    ):
        predict(loaded(exported('onnx')), picture(64, 64))


def test_by_init_model_with_the_users_config(exported, tmp_path):
    from mmseg.apis import inference_model, init_model

    config = write_config(tmp_path, **{'model.test_cfg': dict(_delete_=True, mode='whole')})
    image = picture(96, 128)[0].numpy()
    model = init_model(str(config), str(exported('onnx')), 'cpu')
    assert model.dataset_meta['classes'][18] == 'class 18'
    found = inference_model(model, image).pred_sem_seg.data
    expected = tiny_segmentor('hq')
    expected.test_cfg = Config(dict(mode='whole'))
    (want,) = predict(expected, torch.from_numpy(image)[None])
    assert (found == want.pred_sem_seg.data).float().mean() > 0.999


def test_by_the_inferencer(exported, tmp_path):
    from mmseg.apis import MMSegInferencer

    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    visualizer = dict(type='SegLocalVisualizer', name='deploy', vis_backends=[])
    config = write_config(
        tmp_path,
        **{
            'model.test_cfg': dict(_delete_=True, mode='whole'),
            'test_dataloader.dataset.pipeline': pipeline,
            'visualizer': visualizer,
        },
    )
    inferencer = MMSegInferencer(str(config), str(exported('onnx')), device='cpu')
    image = picture(96, 128)[0].numpy()
    found = inferencer(image, show=False)['predictions']
    (want,) = predict(loaded(exported('onnx')), torch.from_numpy(image)[None])
    assert np.array_equal(found, want.pred_sem_seg.data[0].numpy())


def test_test_time_augmentation(exported):
    """Flips keep the size, and so the file takes them; other scales are refused."""
    from mmseg.models import SegTTAModel
    from mmseg.structures import SegDataSample

    def batch(pictures, **others):
        sample = SegDataSample(metainfo=meta(pictures[0], **others))
        return [pictures[0].permute(2, 0, 1)], [sample]

    flipped = dict(flip=True, flip_direction='horizontal')
    pictures, answers = picture(96, 128), []
    data = batch(pictures), batch(pictures.flip(2), **flipped)
    for path in (None, str(exported('onnx'))):
        module = tiny_segmentor('hq')
        module.test_cfg = Config(dict(mode='whole'))
        model = SegTTAModel(module)
        if path is not None:
            load_checkpoint(model, path, 'cpu')
        inputs, samples = zip(*data, strict=True)
        samples = [[sample.clone() for sample in each] for each in samples]
        (sample,) = model.eval().test_step({'inputs': list(inputs), 'data_samples': samples})
        answers.append(sample.pred_sem_seg.data)
    assert (answers[0] == answers[1]).float().mean() > 0.999
    inputs, samples = batch(picture(64, 64))
    with pytest.raises(ValueError, match='export it with --size 64x64'):
        model.test_step({'inputs': [inputs], 'data_samples': [samples]})


def test_classes_are_not_averaged(exported):
    path = exported('onnx', 'n2d_2x2', normalize=True, output='classes')
    pictures = picture(96, 128)
    (sample,) = predict(loaded(path, 'n2d_2x2'), pictures)
    direct = loaded(path).backbone.runtime(pictures.numpy())
    assert np.array_equal(sample.pred_sem_seg.data.numpy(), direct)
    with pytest.raises(ValueError, match=r"test_cfg.mode = 'slide' averages.*--output logits"):
        loaded(path, mode='slide', crop_size=(96, 128), stride=(96, 128))
    from mmseg.structures import SegDataSample

    flipped = meta(pictures[0], flip=True, flip_direction='horizontal')
    data = {
        'inputs': [pictures[0].permute(2, 0, 1)],
        'data_samples': [SegDataSample(metainfo=flipped)],
    }
    with pytest.raises(ValueError, match='neither resized nor averaged over flips'):
        loaded(path).test_step(data)


def test_options_are_those_of_the_config(exported):
    model = loaded(exported('onnx'), mode='whole', runtime=dict(threads=1))
    assert model.backbone.runtime.options.threads == 1
    with pytest.raises(ValueError, match=r"runtime has \['thread'\]: allowed are threads, device"):
        loaded(exported('onnx'), mode='whole', runtime=dict(thread=1))


def test_what_does_not_fit_is_refused(exported):
    path = str(exported('onnx'))
    model = tiny_segmentor()
    model.data_preprocessor.mean += 1
    with pytest.raises(ValueError, match='data_preprocessor of the config has others'):
        load_checkpoint(model, path, 'cpu')
    model = tiny_segmentor()
    model.decode_head.out_channels = 11
    with pytest.raises(ValueError, match='has 19 outputs, and the head of the config 11'):
        load_checkpoint(model, path, 'cpu')


def test_it_cannot_be_trained(exported):
    model = loaded(exported('onnx')).train()
    with pytest.raises(RuntimeError, match='is an exported model and cannot be trained'):
        model.extract_feat(torch.zeros(1, 3, 96, 128))


def test_checkpoints_are_none():
    assert not loader.recognizes('epoch_1.pth')
    assert loader.recognizes('/a/model.onnx') and loader.recognizes('model.xml')


class TestPose:
    @pytest.fixture(scope='class')
    def path(self, tmp_path_factory):
        pytest.importorskip('mmpose')
        path = tmp_path_factory.mktemp('pose') / 'model.onnx'
        export_model(tiny_estimator('hq'), path, Settings('onnx', (96, 128)))
        return path

    @staticmethod
    def predict(model, pictures):
        from mmengine.structures import InstanceData
        from mmpose.structures import PoseDataSample

        model.test_cfg = {**(model.test_cfg or {}), 'flip_test': True, 'flip_mode': 'heatmap'}
        samples = []
        for _ in pictures:
            size = np.array([96.0, 128.0])
            sample = PoseDataSample(
                metainfo=dict(
                    input_center=size / 2,
                    input_scale=size,
                    input_size=size,
                    flip_indices=[0, 2, 1, 4, 3],
                )
            )
            sample.gt_instances = InstanceData(
                bboxes=np.array([[0.0, 0, 96, 128]]), bbox_scores=np.ones(1)
            )
            samples.append(sample)
        data = {'inputs': [p.permute(2, 0, 1) for p in pictures], 'data_samples': samples}
        return model.test_step(data)

    def test_flip_test_and_codec_are_those_of_the_framework(self, path):
        pictures, expected = picture(128, 96, batch=2), tiny_estimator('hq')
        model = tiny_estimator()
        load_checkpoint(model, str(path), 'cpu')
        for one, want in zip(
            self.predict(model.eval(), pictures), self.predict(expected, pictures), strict=True
        ):
            got, wanted = one.pred_instances, want.pred_instances
            assert np.allclose(got.keypoints, wanted.keypoints, atol=0.3)
            assert np.allclose(got.keypoint_scores, wanted.keypoint_scores, atol=1e-3)

    def test_a_model_for_another_task_is_refused(self, path):
        with pytest.raises(ValueError, match='is a model for pose, and the config is for segm'):
            load_checkpoint(tiny_segmentor(), str(path), 'cpu')
