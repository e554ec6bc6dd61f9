"""What JAX says of a function that it cannot trace, in sentences with the user's line and the remedy."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import jax


@contextmanager
def explained(function: Callable, name: str) -> Iterator[None]:
    """Errors of JAX about a user's function, which goes by this name, as ``TypeError`` with his line and the remedy.

    So is a mapping that is read by attributes.
    """
    errors = jax.errors
    try:
        yield
    except AttributeError as error:
        if not isinstance(error.obj, Mapping):
            raise
        raise no_attribute(function, name, error) from error
    except (errors.TracerBoolConversionError, errors.NonConcreteBooleanIndexError) as error:
        raise TypeError(
            f"{name} decides in Python on a value that JAX knows only when the program runs{line_of(function, error)}. In the place of "
            "if, and, or, max and min, of a loop's condition and of a mask as an index, write jnp.where(condition, a, b), with arguments "
            "that are legal in both a and b; or jax.lax.cond, jnp.maximum, jnp.logical_and, jax.lax.fori_loop."
        ) from error
    except errors.TracerArrayConversionError as error:
        raise TypeError(
            f"{name} hands a traced value to a function of NumPy or SciPy{line_of(function, error)}. Take the same function of jax.numpy, "
            "jax.scipy.special or jax.scipy.stats."
        ) from error
    except (errors.ConcretizationTypeError, errors.TracerIntegerConversionError) as error:
        raise TypeError(
            f"{name} wants a Python number of a value that JAX knows only when the program runs{line_of(function, error)}. Take jnp.log "
            "for math.log, leave float() and int() away, and let lengths (range, shapes) be constants."
        ) from error
    except NotImplementedError as error:
        raise TypeError(
            f"{name} has no second derivative in JAX: {error}{line_of(function, error)}. Write the function in terms that have; that of "
            "the incomplete gamma function in its shape is one that has not."
        ) from error


def no_attribute(function: Callable, name: str, error: AttributeError) -> TypeError:
    """What to write where a mapping was read by an attribute."""
    return TypeError(
        f"{name} reads {error.name} as an attribute{line_of(function, error)}, and is called with mappings: write "
        f'["{error.name}"] in the place of .{error.name}.'
    )


def line_of(function: Callable, error: BaseException) -> str:
    """Where in the user's file the error arose, as part of a sentence; nothing where that is not known."""
    inside = getattr(function, "func", function)
    code = getattr(getattr(inside, "__wrapped__", inside), "__code__", None)
    frame, line = error.__traceback__, 0
    while code is not None and frame is not None:
        if frame.tb_frame.f_code.co_filename == code.co_filename:
            line = frame.tb_lineno
        frame = frame.tb_next
    if not line or code is None:
        return ""
    text = linecache.getline(code.co_filename, line).strip()
    return f", in line {line}: `{text}`" if text else f", in line {line}"
