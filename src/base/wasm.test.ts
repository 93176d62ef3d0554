import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bindWasm, compileWasm, createWasmMemory, F64, I32, WasmFunction } from './wasm.ts';
import { F64_STORE, I32_ADD, I32_SUB } from './wasm-ops.ts';

it('runs what was assembled: locals, loops, conditions, constants and stores', () => {
  const f = new WasmFunction([I32, F64]);
  const sum = f.local(I32);
  f.loop(() => {
    f.get(sum).get(0).op(I32_ADD).set(sum);
    f.get(0).i32(-1).op(I32_ADD).tee(0);
  });
  f.get(sum).if(() => {
    f.i32(8).get(1).memory(F64_STORE, 200);
  });
  f.get(sum).i32(-70_000).op(I32_SUB);
  const module = compileWasm(f.module());
  assert.ok(module !== undefined);
  const memory = createWasmMemory(300);
  const run = bindWasm<(count: number, value: number) => number>(module, memory);
  assert.equal(run(4, 2.5), 10 + 70_000);
  assert.equal(new DataView(memory.buffer).getFloat64(208, true), 2.5);
});

it('does not compile what is no module', () => {
  assert.equal(compileWasm(new WasmFunction([I32]).op(0xff).module()), undefined);
});
