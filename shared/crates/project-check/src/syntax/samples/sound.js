#!/usr/bin/env node
'use strict';
import fs from 'node:fs/promises';
const { a, b: { c } } = require('x');
const html = `<div>${list.map(x => `<li>${x}</li>`).join('')}</div>`;
document.querySelectorAll('.a').forEach((el) => el.addEventListener('click', () => {}));
export const f = async ({ a = 1, ...rest } = {}) => { await import('./x.js'); };
class A { static #x = 1; static { this.y = 1 } async *[Symbol.asyncIterator]() {} }
let x = a ? b : c ? d : e; var y = function* () { yield 1 };
const re = /<\/?[a-z]+>/gi; x = a / b / c; i++; --j; x **= 2; delete a.b; void 0; (async () => { await x })();
const o = { a, 'b-c': 1, async d() {}, get e() { return 1 }, [f]: 2 }; for (var i = 0, n = 2; i < n; i++) {} do { } while (x)
let { length } = []; new.target; import.meta.url; x?.y?.[z]?.(); a ?? b; 0xFF; 1e3; 0b1; .5; "\u{1F600}"; '\
x'
const el = <div>hi</div>;
