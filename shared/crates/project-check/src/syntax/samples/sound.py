#!/usr/bin/env python3
"""Doc."""
from __future__ import annotations
import os, sys as s
from . import x
from ..y import (a, b as c,)
type Alias[T] = list[T]
def f[T: int](x: T, /, *, y: int = 1, **kw: Unpack[K]) -> T: ...
class A[T](Base, metaclass=M):
    x: int = 1
    @property
    def y(self) -> int: return self._y
async def g():
    async with a as b, c() as d: pass
    async for i in x: yield i
    return [i async for i in x if i]
print(f"{x!r:>{w}} {d['a']} {d["b"]} {'a' if x else 'b'} {{lit}} {x=} {y:.2f} {n:,}")
match cmd.split():
    case ["go", ("n" | "s") as d]: pass
    case {"x": 1, **rest}: pass
    case Point(x=0, y=0) if z: pass
    case [1, *_] | None: pass
    case _: pass
with (open("a") as f, open("b") as g): pass
try: pass
except* ValueError as e: raise X from e
else: pass
finally: pass
if (n := len(a)) > 1: pass
lambda x, *a, y=1, **k: x
x = 1_000; y = 0x_ff; z = 1e-5; c = 1j
del a[0], b
global_var: Final = 1
assert x, "y"
nonlocal_ = not x is not y; x @= y; x //= 2; x = a if b else c; a = *b, c
print(x, file=sys.stderr)
d = {**a, 'b': 1}; s = {1, 2}; t = 1,; e = ()
@app.get("/x", response_model=list[Item])
async def route(q: str | None = None, dep=Depends(get_db)) -> dict[str, Any]:
    return {"a": q}
x = """multi
 line"""
r = rb'\d'; u = u"x"; fr = rf"\d{x}"
def h(): return (yield)
if x: pass
elif y: pass
else: pass
for i, (a, b) in enumerate(x): pass
else: pass
while True: break
exec("x"); match = 1; type = 2; print = 3; case = 4
x[1:2, ::3, ...]; x[*a]
long = (a
        .b()
        .c())
if a and \
   b: pass
class E(Exception): """d"""
raise SystemExit(main())
