"""How the other modules put methods into moto's classes."""

import functools


def adds(cls, name=None):
    """Decorator: the function becomes the method of that name, by default its own, in place of what was there."""

    def decorate(function):
        setattr(cls, name or function.__name__, function)
        return function

    return decorate


def wraps(cls, name=None):
    """Decorator: as adds, and the function gets the method it replaces as first argument."""

    def decorate(function):
        original = getattr(cls, name or function.__name__)

        @functools.wraps(original)
        def method(self, *args, **kwargs):
            return function(original, self, *args, **kwargs)

        setattr(cls, name or function.__name__, method)
        return function

    return decorate
