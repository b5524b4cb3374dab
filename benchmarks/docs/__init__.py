"""What the documentation shows of ``benchmarks/results``: tables, plots and sentences."""
