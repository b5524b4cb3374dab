"""How far the drawing of a dataset is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from .scenes.writing import OnImage

if TYPE_CHECKING:
    from mmseg_tome.analysis.progress import Step


@contextmanager
def drawing_progress(description: str) -> Iterator[OnImage]:
    """Show how far the drawing is, on the standard error; nothing where nothing is drawn.

    Yields:
        A function to be called with the number of images drawn, and of all to be drawn.
    """
    with ExitStack() as stack:
        steps: list[Step] = []

        def on_image(done: int, total: int) -> None:
            # Opened late: its thread must not run yet when worker processes are forked.
            if not steps:
                from rich.console import Console

                from mmseg_tome.analysis.progress import Progress

                progress = stack.enter_context(Progress(Console(stderr=True)))
                steps.append(stack.enter_context(progress.step(description, total)))
            steps[0].update(done)

        yield on_image
