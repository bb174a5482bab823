import { a } from "./a.js";
export interface X extends Y<string>, Z { readonly a: string; b?(): void; [key: string]: unknown; new (x: number): X; (y: string): void }
export type U = | "a" | "b" | { kind: "c"; v: number };
type F = (...args: any[]) => void; type C = abstract new () => object;
type I<T> = T extends infer R extends string ? R : never;
type L = `${number}px`; let t: [a: string, b?: number, ...rest: boolean[]];
function f(this: Window, a?: number, ...r: string[]): void;
function f() {}
const x = <const>["a"]; const y = foo as unknown as Bar; let u: unique symbol;
@Injectable() class S { @Input() x!: string; constructor(@Inject(T) private readonly t: T) {} accessor z = 1; async *gen() { yield* g(); } declare foo: string; static async m<T>(): Promise<T> { return null!; } }
namespace N { export const a = 1; } declare module "x" { export const y: string; }
export const handler = async (req: Request<{ id: string }>, res: Response): Promise<void> => { res.json({ ok: true }); };
app.get("/", (req, res) => { void res.send(`<p>${req.query.x}</p>`); });
for await (const z of it) { } if (a) b(); else c();
const o = { async a() { }, get b() { return 1 }, ["c"]: 1, 'd': 2, ...e };
const fn = function <T>(x: T): x is NonNullable<T> { return true };
let v = a! + b!; let w = (a as any).b?.[0]?.(1); let big: bigint = 10n;
export default class extends Foo<Bar> implements Baz { }
import json from "./a.json" assert { type: "json" };
type G = typeof import("./x"); let q: import("y").Z; type K = keyof typeof obj; type A1 = readonly string[];
let opt = obj.a satisfies string; const enum E { A } ; declare const VERSION: string; export declare function foo(): void;
const z1 = a < b && c > d; f<string>("x"); new Map<string, Array<number>>(); const m = new Set<() => void>();
switch (x) { case 1: { break; } default: }
process.on("exit", () => {}); const { a: b1 = 1, ...rest } = obj; type Fn2 = typeof f<string>; export { type X1, y as default } from "./z"; let f2: (x: string) => asserts x is "a"; function over(a: string): string; function over(a: any) { return a; } if (x) { } else if (y) { } ; let obj2 = { in: 1, of: 2, type: 3, get: 4, set: 5, async: 6, as: 7 }; let type = 1; type = 2; const of = 1; let get = 1; declare let abc: string | undefined; abstract class Q { protected abstract readonly x: string; abstract get y(): number; }
type Getters = { get x(): number; set x(v: number) }; export import A2 = B.C; let tpl = tag`x${1}`; let n = -x ** 2; class P2 { in!: string; static readonly a = 1; private async b() {} 'quoted'() {} 123() {} [Symbol.iterator]() {} }
let neverend = (() => { throw new Error("x"); })(); type Rec = { a?: Rec }; let regex = /a\/b[\]/]/u.test(s);
