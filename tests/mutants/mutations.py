"""Every small change to a module that this survey knows: one comparison, condition, constant, state, call or statement each."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,  # codespell:ignore
    ast.NotIn: ast.In,  # codespell:ignore
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_ORDERS = ("reversed", "sorted")
#: No part of what the module does.
_UNTOUCHED = {"annotation", "returns", "decorator_list", "type_comment", "ctx"}
#: A change is told with as much around it as fits here.
_TOLD_IN = 110

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """`function`: its qualified name, or that of a table. `put` changes the tree, `take` changes it back."""

    function: str
    change: str
    lines: range
    is_table: bool
    put: Callable[[], None]
    take: Callable[[], None]

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from every other of the module, wherever in the file it stands."""
        return self.function, self.change


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node hangs: `owner.field`, or `owner.field[index]`. `up`: the node's ancestors within its statement."""

    owner: ast.AST
    field: str
    index: int | None
    up: tuple[ast.AST, ...]

    def fill(self, node: Any) -> None:
        if self.index is None:
            setattr(self.owner, self.field, node)
        else:
            getattr(self.owner, self.field)[self.index] = node


def mutants_of(tree: ast.Module, names: Mapping[str, Any]) -> list[Mutant]:
    """Every change to the functions and tables of a module. `names`: what it knows, to tell an enum's members."""
    found: list[Mutant] = []
    seen: dict[tuple[str, str], int] = {}
    for function, statement in _parts(tree, ""):
        for place, node, new in _Changes(names, statement).all():
            told, lines = _told(place, node, new), _lines(place, node)
            often = seen[function, told] = seen.get((function, told), 0) + 1
            told += f" ({often})" if often > 1 else ""
            is_table = not isinstance(statement, _Function)
            found.append(Mutant(function, told, lines, is_table, _filling(place, new), _filling(place, node)))
    return found


def _parts(owner: ast.AST, prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in getattr(owner, "body", []):
        if isinstance(node, _Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _parts(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not prefix and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield ast.unparse(target), node


def _filling(place: _Place, node: Any) -> Callable[[], None]:
    return lambda: place.fill(node)


def _told(place: _Place, node: ast.AST, new: Any) -> str:
    """What it was and what it is now, with the widest piece of source around it that is short enough."""
    if isinstance(node, ast.stmt):
        return f"{_line(node)} → {_line(new) if not isinstance(new, ast.Pass) else '(nothing)'}"
    pieces = [piece for piece in (*place.up, node) if isinstance(piece, ast.stmt | ast.expr)]
    around = next((piece for piece in pieces if len(_line(piece)) <= _TOLD_IN), pieces[-1])
    before = _line(around)
    place.fill(new)
    after = _line(around if around is not node else new)
    place.fill(node)
    return f"{before} → {after}"


def _line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def _lines(place: _Place, node: ast.AST) -> range:
    """Lines of which one runs when the change matters: those of the statement; of a compound one its head, of a default all."""
    statement: Any = node if isinstance(node, ast.stmt) else next(one for one in place.up if isinstance(one, ast.stmt))
    body = None if isinstance(statement, _Function) else getattr(statement, "body", None)
    return range(statement.lineno, body[0].lineno if body else statement.end_lineno + 1)


class _Changes:
    """The changes to one function or table."""

    def __init__(self, names: Mapping[str, Any], part: ast.stmt) -> None:
        self._names = names
        self._part = part
        self._is_table = not isinstance(part, _Function)
        arguments = [argument for argument in ast.walk(part) if isinstance(argument, ast.arg)]
        self._assigned = [argument.arg for argument in arguments]
        self._kinds = {one.arg: ast.unparse(one.annotation) for one in arguments if one.annotation is not None}

    def all(self) -> Iterator[tuple[_Place, ast.AST, Any]]:
        """Where, what stands there, what shall stand there."""
        for place, node in list(_walk(self._part, ())):
            for new in (
                *self._of_expression(place, node),
                *self._of_statement(place, node),
                *self._of_arguments(node),
                *_without_a_part(node),
            ):
                yield place, node, ast.fix_missing_locations(ast.copy_location(new, _located(place, node)))

    # --- expressions -------------------------------------------------------------------------------------------------

    def _of_expression(self, place: _Place, node: ast.AST) -> Iterator[ast.AST]:
        swapped = _OPERATORS.get(type(node))
        if swapped is not None and not (self._is_table and isinstance(node, ast.BitOr)):
            yield swapped()
        match node:
            case ast.UnaryOp(ast.Not(), operand):
                yield operand
            case ast.UnaryOp(ast.USub(), ast.Constant(int())):
                yield ast.Constant(0)
            case ast.IfExp(_, body, orelse):
                yield from (body, orelse)
            case ast.Constant(value) if not _is_sign(place):
                yield from _other_constant(value)
            case ast.Attribute(owner, name):
                yield from self._other_member(owner, name)
            case ast.Call(ast.Name(name), [first, *_]) if name in _ORDERS:
                yield first
            case ast.Name(name) if place.field == "func" and name in _FUNCTIONS:
                yield ast.Name(_FUNCTIONS[name], ast.Load())
        if place.field == "test" and isinstance(place.owner, ast.If | ast.While):
            yield ast.Constant(False)
            if isinstance(place.owner, ast.If):
                yield ast.Constant(True)

    def _other_member(self, owner: ast.expr, name: str) -> Iterator[ast.AST]:
        """The next state of the same kind."""
        kind: Any = self._names
        for part in ast.unparse(owner).split("."):
            kind = kind.get(part) if isinstance(kind, Mapping) else getattr(kind, part, None)
        if isinstance(kind, type) and issubclass(kind, enum.Enum) and name in kind.__members__:
            members = list(kind.__members__)
            yield ast.Attribute(owner, members[(members.index(name) + 1) % len(members)], ast.Load())

    # --- statements --------------------------------------------------------------------------------------------------

    def _of_statement(self, place: _Place, node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
                yield ast.Return(None)
            case ast.Expr(ast.Call()) | ast.Continue() | ast.Break() | ast.Return(None):
                if not self._is_alone(place):
                    yield ast.Pass()
            case ast.Assign(targets) if not self._is_alone(place) and any(map(self._is_kept, targets)):
                yield ast.Pass()
            case ast.AugAssign() if not self._is_alone(place):
                yield ast.Pass()
        if isinstance(node, ast.Return) and node.value is not None and _is_early(place) and not self._is_alone(place):
            yield ast.Pass()

    def _is_kept(self, target: ast.expr) -> bool:
        """Somebody may look at it later; a local name would only be missing."""
        if isinstance(target, ast.Name):
            again = target.id in self._assigned
            self._assigned.append(target.id)
            return again and not self._is_table
        return isinstance(target, ast.Attribute | ast.Subscript | ast.Tuple)

    def _is_alone(self, place: _Place) -> bool:
        """The only statement of a condition: to remove it is the same as never to meet the condition."""
        owner = place.owner
        return isinstance(owner, ast.If) and place.field == "body" and len(owner.body) == 1 and not owner.orelse

    def _of_arguments(self, node: ast.AST) -> Iterator[ast.AST]:
        """Two neighbours in the other order, unless they are told to be of different kinds."""
        if not isinstance(node, ast.Call):
            return
        for index, (one, other) in enumerate(pairwise(node.args)):
            if self._are_alike(one, other):
                swapped = [*node.args[:index], other, one, *node.args[index + 2 :]]
                yield ast.Call(node.func, swapped, node.keywords)

    def _are_alike(self, one: ast.expr, other: ast.expr) -> bool:
        kinds = {self._kinds.get(part.id, "") for part in (one, other) if isinstance(part, ast.Name)} - {""}
        return all(isinstance(part, ast.Name | ast.Attribute) for part in (one, other)) and len(kinds) < 2


def _without_a_part(node: ast.AST) -> Iterator[ast.AST]:
    """One operand, condition, row or element less."""
    match node:
        case ast.BoolOp(op, values):
            for rest in _without_one(values):
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.comprehension(target, source, ifs, is_async):
            for rest in _without_one(ifs):
                yield ast.comprehension(target, source, rest, is_async)
        case ast.Dict(keys, values) if len(keys) > 1:
            for kept in _without_one(list(zip(keys, values, strict=True))):
                yield ast.Dict([key for key, _ in kept], [value for _, value in kept])
        case ast.Set(elements) if len(elements) > 1:
            for rest in _without_one(elements):
                yield ast.Set(rest)


def _without_one(parts: list[Any]) -> Iterator[list[Any]]:
    for index in range(len(parts)):
        yield parts[:index] + parts[index + 1 :]


def _other_constant(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"{value}XX")


def _walk(node: ast.AST, up: tuple[ast.AST, ...]) -> Iterator[tuple[_Place, ast.AST]]:
    """Every node below, with its place. Docstrings, annotations and texts that are put together are left alone."""
    if isinstance(node, ast.stmt):
        up = ()
    for field, value in ast.iter_fields(node):
        if field in _UNTOUCHED:
            continue
        parts = [(None, value)] if not isinstance(value, list) else list(enumerate(value))
        for index, part in parts:
            if not isinstance(part, ast.AST) or isinstance(part, ast.JoinedStr) or _is_docstring(part):
                continue
            yield _Place(node, field, index, (*up, node)), part
            yield from _walk(part, (*up, node))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_sign(place: _Place) -> bool:
    return isinstance(place.owner, ast.UnaryOp) and isinstance(place.owner.op, ast.USub)


def _is_early(place: _Place) -> bool:
    return not isinstance(place.owner, _Function)


def _located(place: _Place, node: ast.AST) -> ast.AST:
    """Operators and comprehensions have no line of their own."""
    return next((one for one in (node, *reversed(place.up)) if hasattr(one, "lineno")), node)
