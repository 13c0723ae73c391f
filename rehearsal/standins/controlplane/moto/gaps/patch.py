"""Decorators with which the other modules add methods to moto's classes."""

import functools


def adds(cls, name=None):
    """Decorator: the function replaces or becomes the method with the given name, by default its own."""

    def decorate(function):
        setattr(cls, name or function.__name__, function)
        return function

    return decorate


def wraps(cls, name=None):
    """Decorator: like adds, but the function receives the replaced method as first argument."""

    def decorate(function):
        original = getattr(cls, name or function.__name__)

        @functools.wraps(original)
        def method(self, *args, **kwargs):
            return function(original, self, *args, **kwargs)

        setattr(cls, name or function.__name__, method)
        return function

    return decorate
