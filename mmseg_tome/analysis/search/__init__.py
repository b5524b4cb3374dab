"""Searching for rates: the front of quality against measured time, over what a stage can merge.

``space`` says what a candidate is, ``images`` and ``bench`` measure it, ``front`` compares,
``sensitivity`` guesses good ones, ``study`` remembers trials and proposes new ones, ``search`` runs
it all, and ``report``, ``plot`` and ``rates_file`` write what was found.
"""
