import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bindWasm, compileWasm, createWasmMemory } from './wasm.ts';
import { countTo, during, either, f64, i32, i32x4, i64, Kernel, select, v128, when } from './wasm-code.ts';

function compile<F>(kernel: Kernel, code: Parameters<Kernel['module']>[0]): { run: F; view: DataView } {
  const memory = createWasmMemory(1024);
  const module = compileWasm(kernel.module(code));
  assert.ok(module !== undefined);
  return { run: bindWasm<F>(module, memory), view: new DataView(memory.buffer) };
}

it('counts, loops and chooses', () => {
  const kernel = new Kernel();
  const to = kernel.param();
  const at = kernel.i32();
  const sum = kernel.i32();
  const { run } = compile<(to: number) => number>(kernel, [
    at.set(i32.const(3)),
    countTo(at, to.get, sum.set(i32.add(sum.get, at.get))),
    during(i32.gtU(sum.get, i32.const(1000)), sum.set(i32.shrU(sum.get, i32.const(1)))),
    when(i32.eq(sum.get, i32.const(0)), sum.set(i32.const(-70_000)), sum.set(i32.mul(sum.get, i32.const(2)))),
    either('i32', i32.ltS(sum.get, i32.const(0)), sum.get, select(i32.const(1), sum.get, i32.const(5))),
  ]);
  assert.equal(run(0), -70_000, 'a loop of no rounds does nothing');
  assert.equal(run(3), -70_000);
  assert.equal(run(5), 14);
  assert.equal(run(100), 2 * (4947 >> 3));
});

it('reads and writes numbers of every kind', () => {
  const kernel = new Kernel();
  const value = kernel.f64();
  const words = kernel.v128();
  const nowhere = i32.const(0);
  const { run, view } = compile<() => number>(kernel, [
    value.set(f64.mul(f64.load(nowhere, 16), f64.const(64))),
    i32.store(nowhere, 40, i32.wrap(i64.truncate(value.get))),
    f64.store(nowhere, 48, f64.floor(value.get)),
    i32.store8(nowhere, 56, i32.load16(nowhere, 60)),
    words.set(i32x4.splat(i32.const(-2))),
    v128.store(nowhere, 64, v128.xor(words.get, v128.load(nowhere, 80))),
    i32.or(
      i32x4.bitmask(i32x4.eq(v128.load(nowhere, 64), words.get)),
      i32.shl(v128.anyTrue(v128.load(nowhere, 80)), i32.const(8)),
    ),
  ]);
  view.setFloat64(16, 1_700_000_000_123.52, true);
  view.setUint16(60, 0x1234, true);
  view.setUint32(84, 9, true);
  assert.equal(run(), 0b1_0000_1101);
  assert.equal(view.getInt32(40, true), Math.imul(1_700_000_000_123.52 * 64, 1));
  assert.equal(view.getFloat64(48, true), Math.floor(1_700_000_000_123.52 * 64));
  assert.equal(view.getUint8(56), 0x34);
  assert.equal(view.getInt32(68, true), -2 ^ 9);
});
