"""The same ops for CPUs, where that is faster. What is chosen when: :mod:`..dispatch`."""
