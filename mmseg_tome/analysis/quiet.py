"""Keeping MMEngine from writing into tables and progress bars."""

from contextlib import AbstractContextManager

from mmengine.logging import MMLogger

from ..quiet import quiet


def quiet_logs() -> AbstractContextManager[None]:
    """Silence mmengine's log and Python's warnings inside; errors are shown."""
    return quiet(MMLogger.get_current_instance())
