from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.docs.plot import Plot

from .rows import row


def draw(data, path: Path, metadata) -> None:
    figure = Figure((1, 1))
    figure.subplots().plot(data['line']['values'])
    figure.savefig(path, metadata=metadata)


def test_a_plot_is_current_as_long_as_its_data_is_the_same(tmp_path):
    plot = Plot(lambda rows: {'line': {'values': [float(row['value']) for row in rows]}}, draw)
    old, new = [row(value=1)], [row(value=2)]
    path = tmp_path / 'plot.png'
    assert not plot.is_current(old, path)
    plot.write(old, path)
    assert plot.is_current(old, path)
    assert not plot.is_current(new, path)
