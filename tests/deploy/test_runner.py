"""The Runner, which `mim test` starts, scores a file as it scores the checkpoint."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from tests.analysis.tiny_segmentor import write_checkpoint, write_config
from tests.deploy.models import picture

pytest.importorskip('mmseg')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')


@pytest.mark.filterwarnings('ignore')
def test_metrics_are_those_of_the_checkpoint(tmp_path):
    from mmseg_tome import cli

    for folder in ('images', 'labels'):
        (tmp_path / folder).mkdir()
    for number in range(2):
        image = picture(96, 128, seed=number)[0].numpy()
        cv2.imwrite(str(tmp_path / 'images' / f'{number}.png'), image)
        labels = (image[..., 0] // 14).astype(np.uint8)  # 19 classes that are in the image
        cv2.imwrite(str(tmp_path / 'labels' / f'{number}.png'), labels)
    pipeline = [dict(type=each) for each in ('LoadImageFromFile', 'LoadAnnotations')]
    dataset = dict(
        type='CityscapesDataset',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        img_suffix='.png',
        seg_map_suffix='.png',
        pipeline=[*pipeline, dict(type='PackSegInputs')],
    )
    loader = dict(batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    config = write_config(
        tmp_path,
        **{
            'model.backbone.tome_cfg': 'hq',
            'model.test_cfg': dict(_delete_=True, mode='whole'),
            'test_dataloader': dict(_delete_=True, dataset=dataset, **loader),
            'test_evaluator': dict(type='IoUMetric', iou_metrics=['mIoU']),
            'test_cfg': dict(type='TestLoop'),
        },
    )
    checkpoint, exported = write_checkpoint(tmp_path, config), tmp_path / 'model.onnx'
    options = ['--size', '128x96', '--images', '2', '--out', str(exported)]
    assert cli.main(['export', str(config), str(checkpoint), *options]) == 0
    found = []
    for path in (checkpoint, exported):
        cfg = Config.fromfile(config)
        cfg.load_from, cfg.work_dir = str(path), str(tmp_path / 'work' / path.stem)
        cfg.experiment_name = path.stem
        found.append(Runner.from_cfg(cfg).test())
    assert found[0]['mIoU'] > 0
    assert found[0] == pytest.approx(found[1], abs=0.05)
