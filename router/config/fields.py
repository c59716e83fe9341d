"""What the models say of a path of keys: which types a value there may have, and which settings exist."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from router.config.faults import KeyPath


def types_at(annotation: Any, path: KeyPath) -> Iterator[Any]:
    """Every type that a value at the path may have: several where a union leaves the choice, none if it is unknown."""
    for plain in members(annotation):
        if not path or plain is Any:
            yield plain
        else:
            for inner in _inner(plain, path[0]):
                yield from types_at(inner, path[1:])


def keys_at(annotation: Any, path: KeyPath) -> frozenset[str]:
    """The settings that a mapping at the path may have."""
    return frozenset(key for model in types_at(annotation, path) if _is_model(model) for key in fields(model))


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that the annotation is made of, directly or inside lists, mappings and unions."""
    for plain in members(annotation):
        if _is_model(plain):
            yield plain
        else:
            for argument in get_args(plain):
                yield from models_in(argument)


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """The model's fields by the name that a configuration uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def members(annotation: Any) -> Iterator[Any]:
    """The types that a union leaves the choice of, without annotations; the type itself if it is no union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin is Union or origin is UnionType:
        for member in get_args(annotation):
            yield from members(member)
    else:
        yield annotation


def _inner(plain: Any, key: str | int) -> Iterator[Any]:
    if _is_model(plain):
        field = fields(plain).get(str(key))
        if field is not None:
            yield field.annotation
        return
    origin, arguments = get_origin(plain), get_args(plain)
    if not isinstance(origin, type) or not arguments:
        return
    if issubclass(origin, Mapping):
        yield arguments[-1]
    elif issubclass(origin, tuple) and arguments[-1] is not Ellipsis:
        yield from arguments[int(key) : int(key) + 1] if isinstance(key, int) else ()
    elif issubclass(origin, Sequence | AbstractSet):
        yield arguments[0]


def _is_model(plain: Any) -> bool:
    return isinstance(plain, type) and issubclass(plain, BaseModel)
