"""What all measurements of one command share: where results are kept, and how progress is shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_tome.analysis.fingerprint import Fingerprint, Kind, fingerprint
from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.provenance import provenance
from mmseg_tome.analysis.quiet import quiet_logs
from mmseg_tome.analysis.store import Entry, Store
from mmseg_tome.analysis.variants import variant_config

ORIGIN = 'origin'
"""Of a kept result: where it is from, as the columns of a row of results."""


@dataclass(frozen=True)
class RunContext:
    """One command.

    Args:
        out: Folder of its results.
        progress: Shows how far it is.
        device: Where this process measures.
        repeats: Timed passes of each model; 0 for no measurement of time.
        any_code: See :class:`Store`.
        command: What the user typed.
    """

    out: Path
    progress: Progress = field(repr=False)
    device: str = 'cpu'
    repeats: int = 7
    any_code: bool = False
    command: str = ''

    def say(self, line: str) -> None:
        """Print a line with the time of day."""
        self.progress.say(line)

    def entry(self, name: str, fingerprint: Fingerprint) -> Entry:
        """The place of one result, by its path below the folder."""
        return Store(self.out, self.say, self.any_code).entry(name, fingerprint)

    def origin(self, where: Mapping[str, Any], fingerprint: Fingerprint) -> dict[str, Any]:
        """Where a result is from.

        Args:
            where: Its provenance.
            fingerprint: All that it depends on.
        """
        return {**where, 'key': fingerprint.key, 'command': self.command}

    def measure(
        self,
        name: str,
        fingerprint: Fingerprint,
        title: str,
        steps: int,
        compute: Callable[[Callable[[], None]], dict],
    ) -> dict:
        """Measure in this process, or take what was measured before.

        Args:
            name: Path of the result below the folder.
            fingerprint: All that it depends on.
            title: What progress is called.
            steps: How often ``compute`` calls what it is given.
            compute: Returns what JSON can hold; called with a function to call after every step.

        Returns:
            The same, and its ``origin``.
        """

        def compute_with_origin(lock: int) -> dict:
            with self.progress.step(title, steps) as step, quiet_logs():
                result = compute(step.advance)
            return {**result, ORIGIN: self.origin(provenance(self.device), fingerprint)}

        return self.entry(name, fingerprint).reuse_or_compute(compute_with_origin)


def variant_fingerprint(
    kind: Kind, variant: str, settings: Mapping[str, Any], device: str
) -> Fingerprint:
    """All that a measurement of a variant with drawn weights depends on."""
    cfg = Config(dict(model=variant_config(variant).model, default_scope='mmseg'))
    return fingerprint(kind, cfg=cfg, settings={'variant': variant, **settings}, device=device)


def join_origins(origins: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The origin of a number that was computed from several results, such as their mean."""
    origins = list(origins)
    joined = {
        name: ' and '.join(dict.fromkeys(origin[name] for origin in origins))
        for name in ('device', 'versions', 'commit')
    }
    keys = Fingerprint({'of': sorted({origin['key'] for origin in origins})})
    return {
        **joined,
        'threads': origins[-1]['threads'],
        'date': max(origin['date'] for origin in origins),
        'key': keys.key,
        'command': origins[-1]['command'],
    }
