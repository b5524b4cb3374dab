"""Rows of a demo, from which the README's tables are rendered."""

from benchmarks.docs.results import read
from benchmarks.docs.tables import TABLES
from demo.rows import demo_rows
from demo.tasks import POSE, SEGMENTATION
from mmseg_tome.analysis.results import write_csv

PROVENANCE = {'device': 'CPU', 'threads': 2, 'versions': 'torch 2, mmengine 0.10', 'commit': 'abc'}


def test_the_readme_shows_them(tmp_path):
    metrics = {
        s: {'mIoU': 50.0 + n, 'mIoU_small': 20.0} for n, s in enumerate(SEGMENTATION.strategies)
    }
    seconds = {'stock': 0.4, **dict.fromkeys(SEGMENTATION.strategies, 0.2)}
    rows = demo_rows('streets', (512, 1024), seconds, 7, metrics, SEGMENTATION.metrics, 30)
    write_csv([row.at(PROVENANCE, command='make demo') for row in rows], tmp_path / 'demo.csv')
    lines = TABLES['demo'].render(read(tmp_path / 'demo.csv')).splitlines()
    assert lines[2] == '| stock | 50.00 | 20.00 | 400.0 | 1.00 | 0.50 |'
    assert lines[4] == '| hq | 51.00 | 20.00 | 200.0 | 2.00 | 1.00 |'
    assert lines[-1] == 'CPU, 2 threads, torch 2, commit abc; fp32, batch 1; `make demo`.'


def test_pose_at_two_sizes(tmp_path):
    metrics = {name: {'PCK@0.1': 0.5, 'PCK@0.05': 0.25} for name in POSE.strategies}
    seconds = {'stock': 0.4, **dict.fromkeys(POSE.strategies, 0.2)}
    rows = demo_rows('athletes', (256, 192), seconds, 7, metrics, POSE.metrics, 80)
    rows += demo_rows('athletes', (640, 480), seconds, 7)
    write_csv(rows, tmp_path / 'demo-pose.csv')
    lines = TABLES['demo-pose'].render(read(tmp_path / 'demo-pose.csv')).splitlines()
    assert lines[2] == '| stock | 50.00 | 25.00 | 400.0 | 0.50 | 400.0 | 1.00 | 0.50 |'
    assert lines[3] == '| none | 50.00 | 25.00 | 200.0 | 1.00 | 200.0 | 2.00 | 1.00 |'
