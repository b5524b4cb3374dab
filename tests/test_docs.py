"""What the documentation says to type: its Python runs as printed, and its configs are there."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401 - registers; the frameworks come after it

# isort: split
from mmpose.registry import DATASETS
from mmpose.registry import MODELS as POSE_MODELS
from mmseg.apis import inference_model, init_model

from benchmarks.render_docs import render
from demo.scenes.streets import render_street
from mmseg_tome.analysis.loading import with_stock_classes
from mmseg_tome.models.segformer_head import SegformerHead
from mmseg_tome.models.segmentor import EncoderDecoder
from mmseg_tome.strategies import parse_tome_cfg
from tests.baselines.stock import relative_difference

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # the frameworks' own, many

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / name for name in ('README.md', 'CONTRIBUTING.md', 'configs/README.md')),
    *sorted((ROOT / 'docs').rglob('*.md')),
]


PYTHON = re.compile(r'^```python\n(.*?)^```', re.DOTALL | re.MULTILINE)
FILE = re.compile(r'(?<![\w/])(?:configs|tools|checkpoints)/[\w/.-]+\.(?:py|pth|sh)\b')
LINK = re.compile(r'\]\((?!https?:)([^)#\s]+)')
ANCHOR = re.compile(r'\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)')
HEADING = re.compile(r'^#+ (.+)$', re.MULTILINE)
RENDERED = re.compile(r'<!-- table: \S+ -->.*?<!-- end -->', re.DOTALL)
MEASURED = re.compile(r'\|\s*[+−-]?\d+\.\d+(?![\d.])')


def block(page: str, holds: str) -> str:
    """The one piece of Python in a page that holds a text."""
    found = re.findall(
        r'^```python\n(.*?)^```', (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    (code,) = (code for code in found if holds in code)
    return code


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A folder to work in that has what a checkout has, and is empty otherwise."""
    for name in ('configs', 'checkpoints'):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load_config(folder: Path, code: str) -> Config:
    (folder / 'mine.py').write_text(code)
    return Config.fromfile(folder / 'mine.py')


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_are_there(page):
    text = page.read_text()
    assert [path for path in FILE.findall(text) if not (ROOT / path).is_file()] == []
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


def anchors(page: Path) -> set[str]:
    """The names that GitHub, and the site, give to a page's headings."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_headings_that_are_linked_are_there(page):
    links = ANCHOR.findall(page.read_text())
    missing = [
        (path, name)
        for path, name in links
        if name not in anchors(page.parent / path if path else page)
    ]
    assert missing == []


def test_results_are_those_of_the_files():
    assert render(ROOT, check=True) == []


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_table_of_measured_numbers_is_written_by_hand(page):
    by_hand = RENDERED.sub('', page.read_text()).splitlines()
    assert [line for line in by_hand if len(MEASURED.findall(line)) > 1] == []


def test_readme_config(checkout):
    cfg = load_config(checkout, block('README.md', 'custom_imports'))
    assert cfg.model.backbone.tome_cfg == 'balanced'
    assert cfg.model.backbone.num_layers == [3, 6, 40, 3]


def test_readme_tome_cfg():
    names = {}
    exec(block('README.md', 'tome_cfg = ['), names)
    assert parse_tome_cfg(names['tome_cfg']).name == 'custom'


def test_readme_segmentation_of_an_image(checkout):
    image, labels = render_street(0, split='val')
    cv2.imwrite('street.png', image)
    names = {}
    exec(block('README.md', 'MMSegInferencer'), names)
    found = names['result']['predictions']
    counted = labels != 255
    assert (found == labels)[counted].mean() > 0.8  # it was trained on such streets

    checkpoint = 'checkpoints/segformer_mit-b0_streets-1024x512.pth'
    model = init_model(names['inferencer'].cfg, checkpoint, 'cpu')
    assert model.backbone.strategy.name == 'hq'
    expected = inference_model(model, 'street.png').pred_sem_seg.data[0].numpy()
    assert (found == expected).mean() > 0.999
    picture = cv2.imread('pictures/vis/street.png')
    assert picture.shape == image.shape
    assert np.abs(picture.astype(int) - image).mean() > 10

    exec(block('README.md', "apply_tome(model, 'balanced')"), {'model': model})
    assert model.backbone.strategy.name == 'none'


def test_applying_to_a_model_of_stock_classes(checkout):
    checkpoint = 'segformer_mit-b0_streets-1024x512.pth'
    Path('checkpoint.pth').symlink_to(ROOT / 'checkpoints' / checkpoint)
    cfg = Config.fromfile(next(ROOT.glob('configs/streets/segformer_mit-b0_none_*300i*.py')))
    with_stock_classes(cfg).dump('config.py')
    names = {}
    exec(block('docs/apply.md', 'init_model'), names)
    assert names['model'].backbone.strategy.name == 'none'
    assert type(names['model']) is EncoderDecoder
    assert type(names['model'].decode_head) is SegformerHead


def test_readme_onnx(checkout):
    pytest.importorskip('onnxscript')
    onnxruntime = pytest.importorskip('onnxruntime')
    names = {}
    exec(block('README.md', 'onnx.export'), names)
    session = onnxruntime.InferenceSession('segformer.onnx')
    image = torch.randn(1, 3, 512, 1024, generator=torch.Generator().manual_seed(0))
    (scores,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    with torch.no_grad():
        expected = names['model'](image)
    assert scores.shape == (1, 19, 128, 256)
    # 2e-7 as a rule, but 1e-5 to 1e-4 where one of thousands of tokens has two destinations that
    # are as similar but for rounding, and ONNX Runtime rounds to the other.
    assert relative_difference(torch.from_numpy(scores), expected) <= 1e-3


def test_pose_config(checkout):
    cfg = load_config(checkout, block('docs/pose.md', 'norm_item'))
    with DefaultScope.overwrite_default_scope('mmpose'):
        dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'lazy_init': True})
        assert cfg.test_evaluator[0].type == 'CocoMetric'
        (metric,) = Evaluator(cfg.test_evaluator[1:]).metrics
        metric.dataset_meta = dataset.metainfo  # has the joints, or it raises
    assert (metric.norm_item, metric.thresholds) == ('torso', [0.2, 0.1])


def test_pose_of_images(checkout):
    config = Config.fromfile(next(ROOT.glob('configs/coco/segformer_mit-b0_hq_1xb*.py')))
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = POSE_MODELS.build(config.model)
    torch.nn.init.constant_(model.head.final_layer.bias, 1.0)  # sure of all keypoints: all drawn
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, 'epoch_210.pth')
    image = np.random.default_rng(0).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    for name in ('person.jpg', 'people.jpg'):
        cv2.imwrite(name, image)

    names = {}
    exec(block('docs/pose.md', 'MMPoseInferencer'), names)
    ((person,),) = names['result']['predictions']
    assert np.shape(person['keypoints']) == (17, 2)
    exec(block('docs/pose.md', 'inference_topdown'), names)
    assert [person.pred_instances.keypoints.shape for person in names['people']] == [(1, 17, 2)] * 2
    exec(block('docs/pose.md', 'visualizer'), names)
    for picture, original in (
        ('pictures/person.jpg', 'person.jpg'),
        ('pictures/people.jpg', 'people.jpg'),
    ):
        drawn = cv2.imread(picture).astype(int)
        assert np.abs(drawn - cv2.imread(original)).max(axis=2).max() > 100

    exec(block('docs/pose.md', 'apply_tome'), names)
    assert names['model'].backbone.strategy.name == 'none'


def test_code_in_contributing_is_the_code():
    """A block of Python is quoted from the file that is linked last before it."""
    text = (ROOT / 'CONTRIBUTING.md').read_text()
    blocks = list(PYTHON.finditer(text))
    assert blocks
    for found in blocks:
        source = ROOT / LINK.findall(text[: found.start()])[-1]
        for part in re.split(r'^ *# …\n', found[1], flags=re.MULTILINE):
            assert part in source.read_text(), f'{source} does not hold:\n{part}'
