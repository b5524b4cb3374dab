"""One segmentor, with merging and without: the tokens it merges and what that changes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import nn

from ...apply import apply_tome
from ...strategies import Strategy, TomeCfg, parse_tome_cfg
from ..loading import load_config, load_model, load_weights, only_backbone
from .maps import TokenMap, recorded_token_maps


@dataclass(frozen=True)
class TokenView:
    """What a strategy merged in one image, and what it changed.

    Args:
        name: The image's name.
        strategy: The strategy's name.
        image: As the network sees it, ``[H, W, 3]``, RGB, uint8.
        maps: The tokens of every block that merges, in the order of the network.
        unmerged: Predicted class of every pixel without merging, at the image file's size.
        merged: The same with merging.
    """

    name: str
    strategy: str
    image: np.ndarray
    maps: list[TokenMap]
    unmerged: np.ndarray
    merged: np.ndarray

    @property
    def changed(self) -> np.ndarray:
        """Whether merging changes the prediction, ``[H', W']``."""
        return self.unmerged != self.merged

    def swaps(self, most: int = 3) -> list[tuple[int, int, float]]:
        """The most frequent changes: class without merging, class with it, share of all pixels."""
        pairs = zip(self.unmerged[self.changed], self.merged[self.changed], strict=True)
        counts = Counter((int(before), int(after)) for before, after in pairs)
        return [(*pair, n / self.merged.size) for pair, n in counts.most_common(most)]


class TokenViewer:
    """A segmentor that predicts images with and without merging.

    Args:
        config: Config of a segmentor with a MiT.
        checkpoint: Its weights.
        tome_cfg: What is merged: see :func:`mmseg_tome.strategies.parse_tome_cfg`.
        device: Where to run.

    Raises:
        ValueError: If the config's model is not a segmentor with one MiT, the strategy is not
            allowed or merges nothing, or the checkpoint is not of this model.
        FileNotFoundError: If a file is not there.
    """

    def __init__(
        self, config: Path, checkpoint: Path, tome_cfg: TomeCfg, device: str = 'cpu'
    ) -> None:
        cfg = load_config(config, needs=('model', 'test_pipeline'), frameworks=('mmseg',))
        # Windows of an image would each have tokens of their own.
        self.was_sliding = cfg.model.get('test_cfg', {}).get('mode') == 'slide'
        cfg.model.test_cfg = dict(mode='whole')
        self.model = load_model(cfg, None)
        _check_is_segmentor(self.model, config)
        apply_tome(self.model, tome_cfg)
        self.backbone = only_backbone(self.model)
        self.strategy = parse_tome_cfg(tome_cfg, self.backbone.num_stages)
        _check_merges(self.strategy)
        self.name = Path(self.strategy.name).stem  # of the preset, or of the file
        meta = load_weights(self.model, checkpoint)
        self.classes, self.palette = _classes(meta, cfg, self.model.decode_head.num_classes)
        self.model.to(device)
        steps = [step for step in cfg.test_pipeline if step['type'] != 'LoadAnnotations']
        self._pipeline = Compose(steps)

    def check(self, paths: Iterable[Path]) -> None:
        """Read images before any is predicted.

        Raises:
            ValueError: If one cannot be read, or is too small for anything to be merged.
        """
        for path in paths:
            hw = tuple(self._read(path)['inputs'].shape[1:])
            counts = self.backbone.token_counts(hw)
            if all(n.q == n.q_merged and n.kv == n.kv_merged for n in counts):
                tokens = '; '.join(f'{n.q} queries, {n.kv} keys/values' for n in counts)
                raise ValueError(
                    f'{path}: {self.strategy.name} merges nothing in {hw[1]}x{hw[0]} pixels. '
                    f'Its stages have {tokens}'
                )

    @torch.no_grad()
    def view(self, path: Path) -> TokenView:
        """Predict an image with and without merging."""
        data = self._read(path)
        apply_tome(self.model, None)
        unmerged = self._predict(data)
        self.backbone.set_strategy(self.strategy)
        with recorded_token_maps(self.backbone) as maps:
            merged = self._predict(data)
        image = data['inputs'].permute(1, 2, 0).numpy()[..., ::-1]  # BGR, as mmcv reads
        return TokenView(path.stem, self.name, np.ascontiguousarray(image), maps, unmerged, merged)

    def _read(self, path: Path) -> dict:
        try:
            return self._pipeline(dict(img_path=str(path)))
        except AssertionError as error:  # what mmcv raises for a damaged file
            raise ValueError(f'{path} cannot be read as an image: {error}') from None

    def _predict(self, data: dict) -> np.ndarray:
        sample = data['data_samples'].clone()
        (result,) = self.model.test_step({'inputs': [data['inputs']], 'data_samples': [sample]})
        return result.pred_sem_seg.data[0].cpu().numpy()


def _check_is_segmentor(model: nn.Module, path: Path) -> None:
    from mmseg.models import BaseSegmentor

    if not isinstance(model, BaseSegmentor):
        raise ValueError(f'{path} builds a {type(model).__name__}: only segmentors are shown')


def _check_merges(strategy: Strategy) -> None:
    large = (1024, 1024)
    sides = [side for stage in strategy.stages for side in (stage.q, stage.kv) if side]
    if all(side.num_tokens(large) == large[0] * large[1] for side in sides):
        raise ValueError(
            f'strategy {strategy.name!r} merges no tokens: there is nothing to show; '
            'give one that merges, such as hq, fast or n2d_2x2'
        )


def _classes(meta: dict, cfg: Config, num_classes: int) -> tuple[list[str], np.ndarray]:
    """Names and RGB colors ``[K, 3]`` of the classes, from the checkpoint, else the config."""
    import mmseg.datasets  # noqa: F401 - registers them
    from mmseg.registry import DATASETS

    described = meta.get('dataset_meta')
    if described is None:
        dataset = cfg.get('test_dataloader', {}).get('dataset', {}).get('type')
        described = getattr(DATASETS.get(str(dataset)), 'METAINFO', None)
        if described is None:
            raise ValueError(
                f'neither the checkpoint nor the config says what the {num_classes} classes are: '
                f'test_dataloader.dataset.type = {dataset!r} is not a data set of MMSegmentation'
            )
    classes, palette = list(described['classes']), np.asarray(described['palette'], np.uint8)
    if not len(classes) == len(palette) == num_classes:
        raise ValueError(
            f'the model predicts {num_classes} classes, but {len(classes)} names and '
            f'{len(palette)} colors are given for them'
        )
    return classes, palette
