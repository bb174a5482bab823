"use client";
import type { Metadata } from "next";
import React, { useState, type FC, type ReactNode } from "react";
import data from "./data.json" with { type: "json" };
export const metadata: Metadata = { title: "x" };
export * as ns from "./x";
export type * from "./types";
type P<T> = { [K in keyof T as `get${Capitalize<string & K>}`]?: T[K] };
const cfg = { a: 1 } satisfies Record<string, number>;
function id<const T extends readonly unknown[]>(x: T): T { return x; }
const gen = <T,>(x: T) => x;
enum Color { Red = "red", Green = "green" }
abstract class A<T> { abstract foo(): void; private readonly x?: number; static { } #p = 1; constructor(public a: string, protected b = 2) { } get v() { return this.#p } override toString(): string { return `${this.a}` } }
declare global { interface Window { x: any } }
function isS(x: unknown): x is string { return typeof x === "string"; }
function assertIt(x: unknown): asserts x is string { }
export default async function Page({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  const [s, setS] = useState<string | null>(null);
  const v = s!.length ?? 0;
  const big = 1_000n ** 2n;
  const re = /[/"'`]+(?<n>x)/giv;
  label: for (const x of [1, 2]) { if (x) continue label; }
  s?.length && setS("a"); a ||= b; a ??= c;
  try { } catch { }
  using res = open();
  return (
    <>
      <div className="a" {...props} data-x={1} aria-label='it&apos;s'>
        It's a test & more &nbsp; &copy; © 50% "quoted" text: a=b; c, d. (x) [y] $5 #1 @me → ✓
        {/* comment */}
        {items.map((i) => <li key={i.id}>{i.name}</li>)}
        {cond ? <A.B x="y" /> : null}
        {cond && (<p>Don't</p>)}
        <input type="text" value={s ?? ""} onChange={(e) => setS(e.target.value)} disabled />
        <Trans>Hello <b>you</b>, 3 &lt; 4</Trans>
        <style jsx>{`.a { color: red; }`}</style>
        <svg xmlns:xlink="http://x" viewBox="0 0 10 10"><path d="M0 0L1 1" /></svg>
        <button type="button" onClick={async () => { await f(); }}>Save</button>
        <List<string> items={[]} />
      </div>
    </>
  );
}
