"""Imports of the packages that only the embedded stack needs (the extra `stack`)."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from router.api.errors import ConnectorError
from router.api.reasons import Reason


def extra(module: str) -> Any:
    """The module, which is of the extra `stack` and therefore imported at its first use.

    Raises ConnectorError: STACK_COMPONENT_FAILED if it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(module) from error


def extra_directory(package: str) -> Path:
    """The directory of a package of the extra `stack`, which is not imported.

    Raises ConnectorError: STACK_COMPONENT_FAILED if it is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise _missing(package)
    return Path(spec.origin).parent


def _missing(module: str) -> ConnectorError:
    return ConnectorError(
        Reason.STACK_COMPONENT_FAILED,
        f"the embedded stack needs the package {module.partition('.')[0]}",
        fix="pip install 'northfield-con[stack]'",
    )
