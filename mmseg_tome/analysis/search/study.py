"""Trials, remembered in a folder, and what to try next by what they show."""

from dataclasses import asdict
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from .space import Stages, encode, key_of, suggest
from .trials import Trial

JOURNAL = 'trials.log'
PATIENCE = 200  # proposals in a row that were all tried before


class Exhausted(RuntimeError):
    """Nothing new is proposed any more."""


class Study:
    """Trials of a search, kept in a folder and continued there.

    Args:
        folder: Where the journal is or will be.
        num_stages: Stages of the backbone.
        seed: For what is proposed.
    """

    def __init__(self, folder: Path, num_stages: int, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._num_stages = num_stages
        self._study = optuna.create_study(
            study_name='rates',
            storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
            directions=['maximize', 'minimize'],
            load_if_exists=True,
        )
        # A run that goes on must not propose what the run before it proposed.
        done = len(self._study.get_trials(deepcopy=False))
        self._study.sampler = optuna.samplers.TPESampler(
            multivariate=True, group=True, seed=seed + done
        )
        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):  # was interrupted
            self._study.tell(trial.number, state=TrialState.FAIL)
        finished = self._study.get_trials(states=(TrialState.COMPLETE,))
        self.trials = [_read(trial) for trial in finished]
        self._known = {key_of(trial.stages) for trial in self.trials}

    def knows(self, stages: Stages) -> bool:
        """Whether a candidate was measured."""
        return key_of(stages) in self._known

    def start(self, stages: Stages) -> optuna.Trial:
        """Begin the trial of a given candidate."""
        self._study.enqueue_trial(encode(stages))
        trial = self._study.ask()
        while key_of(suggest(trial, self._num_stages)) != key_of(stages):
            # Queued by a run that was interrupted right then.
            self._study.tell(trial, state=TrialState.FAIL)
            trial = self._study.ask()
        return trial

    def propose(self) -> tuple[optuna.Trial, Stages]:
        """Begin the trial of a candidate that was not measured yet.

        Raises:
            Exhausted: If there is none to be found.
        """
        for _ in range(PATIENCE):
            trial = self._study.ask()
            stages = suggest(trial, self._num_stages)
            if not self.knows(stages):
                return trial, stages
            self._study.tell(trial, state=TrialState.FAIL)
        raise Exhausted(f'the last {PATIENCE} proposals were all tried before')

    def finish(self, begun: optuna.Trial, trial: Trial) -> None:
        """Write down what was measured."""
        begun.set_user_attr('trial', asdict(trial))
        self._study.tell(begun, [trial.quality, trial.time])
        self.trials.append(trial)
        self._known.add(key_of(trial.stages))


def _read(trial: optuna.trial.FrozenTrial) -> Trial:
    return Trial(**trial.user_attrs['trial'])
