"""The SnapStart hooks that functions import. They can be registered; no snapshot is taken yet, so none is called."""

_before_snapshot = []
_after_restore = []


def register_before_snapshot(function, *args, **kwargs):
    """Call `function` before a snapshot is taken, those registered last first."""
    _before_snapshot.append((function, args, kwargs))
    return function


def register_after_restore(function, *args, **kwargs):
    """Call `function` after a snapshot was restored, in the order of registration."""
    _after_restore.append((function, args, kwargs))
    return function


def get_before_snapshot():
    return _before_snapshot


def get_after_restore():
    return _after_restore
