"""Searching for rates: the Pareto front of quality and measured time, over what stages can merge.

``space`` says what a candidate is; ``images``, ``scoring`` and ``evaluator`` measure one, and
``trials`` makes a trial of that; ``pareto`` compares, ``sensitivity`` guesses good candidates,
``study`` keeps trials and proposes new ones, and ``loop`` runs them. ``held_out`` evaluates the
front, ``baselines`` compares it with presets, and ``report``, ``tables``, ``plot`` and
``rates_file`` write what was found. ``driver`` does it all, as ``options`` say.
"""
