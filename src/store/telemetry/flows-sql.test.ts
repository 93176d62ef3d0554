import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BonghwaError } from '../../base/errors.ts';
import { FLOW_DIMENSIONS, FLOW_MEASURES, flowsQuerySchema, PREFIXES_MAX } from './flows-query.ts';
import {
  compileCandidates,
  compileGroups,
  compileLook,
  compileOnePass,
  compileSeries,
  compileTotal,
  stepOf,
} from './flows-sql.ts';
import { secondsQuerySchema } from './seconds-query.ts';
import { compileSeconds, originOf, planSeconds } from './seconds-sql.ts';

const HOUR = 3_600_000;
/** Texts that no statement has by itself. */
const foreign = fc.string({ minLength: 1, maxLength: 40 }).map((text) => `~${text}~`);

/** Every placeholder has its value, and every value its placeholder. */
function assertParameters({ sql, parameters }: { sql: string; parameters: Readonly<Record<string, unknown>> }): void {
  const named = new Set([...sql.matchAll(/\{([A-Za-z0-9]+):[A-Za-z0-9()]+\}/g)].map(([, name]) => name));
  assert.deepEqual([...named].sort(), Object.keys(parameters).sort());
}

test('whatever is asked, what a person typed stands in parameters alone', () => {
  const address = fc.constantFrom('192.0.2.1', '198.51.100.0/24', '2001:db8::/32', '0.0.0.0/0', '::/0');
  const query = fc.record(
    {
      targets: fc.array(address, { maxLength: 4 }),
      src: fc.array(address, { maxLength: 4 }),
      dst: fc.array(address, { maxLength: 4 }),
      exporter: address,
      proto: fc.integer({ min: 0, max: 255 }),
      port: fc.integer({ min: 0, max: 65_535 }),
      srcPort: fc.integer({ min: 0, max: 65_535 }),
      srcAsn: fc.integer({ min: 0, max: 0xffffffff }),
      attackId: foreign,
      kept: fc.constantFrom('peace' as const, 'attack' as const),
      top: fc.uniqueArray(fc.constantFrom(...FLOW_DIMENSIONS), { maxLength: 3 }),
      by: fc.constantFrom(...FLOW_MEASURES),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(query, (fields) => {
      const parsed = flowsQuerySchema.parse({ since: 0, until: HOUR, ...fields });
      const only = [parsed.top.map(() => 'of the engine')];
      for (const compiled of [
        compileTotal(parsed, 'd'),
        ...(parsed.top.length === 0
          ? []
          : [
              compileLook(parsed, 'd'),
              compileOnePass(parsed, 'd'),
              compileCandidates(parsed, 'd', 1000),
              compileGroups(parsed, 'd', only),
              compileSeries(parsed, 1000, 'd', only),
            ]),
        compileSeries(parsed, 1000, 'd'),
      ]) {
        assertParameters(compiled);
        assert.ok(!compiled.sql.includes('~') && !compiled.sql.includes('of the engine'), compiled.sql);
      }
    }),
  );
  fc.assert(
    fc.property(foreign, foreign, fc.constantFrom('seconds' as const, 'minutes' as const), (target, prefix, from) => {
      const parsed = secondsQuerySchema.parse({ since: 0, until: HOUR, target, prefix });
      const compiled = compileSeconds(parsed, { from, stepMs: 60_000 }, 'd');
      assertParameters(compiled);
      assert.ok(!compiled.sql.includes('~'));
    }),
  );
});

test('a thousand addresses of a site are one parameter', () => {
  const targets = Array.from({ length: PREFIXES_MAX }, (_, at) => `198.51.${at >> 8}.${at & 255}`);
  const { sql, parameters } = compileTotal(flowsQuerySchema.parse({ since: 0, until: HOUR, targets }), 'd');
  assert.equal((parameters.targetHosts as readonly string[]).length, PREFIXES_MAX);
  assert.ok(sql.length < 2000);
});

test('a series has no more points than an answer can hold', () => {
  const step = (fields: object): number | undefined =>
    stepOf(flowsQuerySchema.parse({ since: 0, until: HOUR, ...fields }));
  assert.equal(step({}), undefined);
  assert.equal(step({ stepMs: 2500 }), 3000);
  assert.throws(() => step({ stepMs: 1000 }), BonghwaError);
  assert.throws(() => step({ stepMs: 10_000, top: ['srcAddr'], limit: 1000 }), /360 points for 1000 groups/);
  assert.equal(step({ stepMs: 36_000, top: ['srcAddr'], limit: 1000 }), 36_000);
});

test('rates come from seconds as far back as those reach, and in steps that people read easily', () => {
  const plan = (fields: object, earliest = { secondsMs: 100 * HOUR, minutesMs: 0 }) =>
    planSeconds(secondsQuerySchema.parse({ since: 100 * HOUR, until: 101 * HOUR, ...fields }), earliest);
  assert.deepEqual(plan({}), { from: 'seconds', stepMs: 5000 });
  assert.deepEqual(plan({ since: 0 }), { from: 'seconds', stepMs: 300_000 });
  const minutes = { secondsMs: 50 * HOUR, minutesMs: HOUR };
  assert.deepEqual(plan({ since: 0 }, minutes), { from: 'minutes', stepMs: 300_000 });
  assert.deepEqual(plan({ since: 49 * HOUR, until: 50 * HOUR }, minutes), { from: 'minutes', stepMs: 60_000 });
  assert.deepEqual(plan({ since: 51 * HOUR }, minutes), { from: 'seconds', stepMs: 120_000 });
  // A minute begins before its first second: it is not for that older than the seconds.
  assert.equal(plan({ since: 0 }, { secondsMs: HOUR + 30_000, minutesMs: HOUR }).from, 'seconds');
  assert.equal(plan({ since: 0 }, { secondsMs: 0, minutesMs: HOUR }).from, 'minutes');
  assert.throws(() => plan({ stepMs: 1000 }), /Ask for steps|more than 1500 points/);
  assert.throws(() => plan({ until: 0 }), BonghwaError);
  assert.equal(
    originOf(secondsQuerySchema.parse({ since: 90_500, until: HOUR }), { from: 'minutes', stepMs: 60_000 }),
    60_000,
  );
});
