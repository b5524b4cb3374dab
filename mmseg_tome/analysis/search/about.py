"""What the results of a search are of: model, images, machine, versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..file_identity import file_hash
from ..provenance import provenance
from .images import HOLDOUTS, Split
from .options import Options
from .prepare import Prepared
from .trials import Trial


@dataclass(frozen=True)
class About:
    """What the results of a search are of.

    Args:
        options: What was searched for.
        objective: The metric that is quality.
        dataset: Name of the data.
        images: What was searched on, and what was held out.
        commits: By which trials were measured.
        provenance: As :func:`mmseg_tome.analysis.provenance.provenance` returns it.
        key: Of all that trials depend on.
        command: What the user typed.
    """

    options: Options
    objective: str
    dataset: str
    images: Split
    commits: Sequence[str]
    provenance: Mapping[str, Any]
    key: str
    command: str

    @classmethod
    def of(
        cls, options: Options, prepared: Prepared, trials: Sequence[Trial], command: str
    ) -> 'About':
        """Describe a search that has run in this process."""
        dataset = prepared.cfg.test_dataloader.dataset.type
        if options.unlabeled:
            dataset = options.unlabeled.name
        return cls(
            options,
            prepared.objective,
            str(dataset).removesuffix('Dataset').lower(),
            prepared.images,
            sorted({trial.commit for trial in trials if trial.commit}),
            provenance(options.device),
            prepared.key.key,
            command,
        )

    @property
    def config(self) -> str:
        """The config's name."""
        return self.options.config.stem

    @property
    def checkpoint(self) -> str:
        """The checkpoint's name, and its hash."""
        path = self.options.checkpoint
        return f'{path.name} (SHA-256 {file_hash(path)}...)'

    @property
    def sizes(self) -> list[str]:
        """The sizes of the network's inputs in pixels."""
        return self.images.searched.sizes()

    @property
    def inputs(self) -> str:
        """The same in one line."""
        return ', '.join(self.sizes)

    @property
    def num_searched(self) -> int:
        """Number of images searched on."""
        return len(self.images.searched)

    @property
    def num_held_out(self) -> int:
        """Number of held-out images."""
        return len(self.images.held_out)

    def facts(self) -> dict[str, Any]:
        """Everything, for the report."""
        options = self.options
        truth = 'unmerged predictions' if options.unlabeled else 'ground truth'
        return {
            'config': self.config,
            'checkpoint': self.checkpoint,
            'options': ' '.join(f'{k}={v}' for k, v in options.cfg_options.items()) or 'none',
            'quality': f'{self.objective}, against {truth}',
            'images searched on': self.num_searched,
            'held-out images': self.num_held_out,
            'holdout': HOLDOUTS[options.holdout],
            'inputs': self.inputs,
            'batch': options.batch,
            'timed': f'inference up to the result at the size of the labels, fp32, '
            f'{options.repeats} passes in the search, {options.final_repeats} in the report, each '
            'beside one of the unmerged model; median',
            **self.provenance,
            'commits of the trials': ', '.join(self.commits),
        }
