import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { incidentSchema, outageSchema, siteStatusSchema } from '../../src/model/incident.ts';
import { createRequestBatch } from '../../src/model/request-batch.ts';
import { REQUEST_COLUMN_NAMES, REQUEST_COLUMNS, REQUEST_HAS } from '../../src/model/request-columns.ts';
import { siteSchema } from '../../src/model/site.ts';
import { checkResultSchema, vantageSchema } from '../../src/model/vantage.ts';

describe('request columns', () => {
  it('have one bit each, within 32', () => {
    const bits = Object.values(REQUEST_HAS);
    assert.equal(new Set(bits).size, bits.length);
    assert.ok(bits.every((bit) => Number.isInteger(Math.log2(bit)) && bit <= 2 ** 31));
    assert.deepEqual(
      Object.keys(REQUEST_HAS),
      REQUEST_COLUMN_NAMES.filter((name) => REQUEST_COLUMNS[name].optional),
    );
  });

  it('have room for every row of a batch', () => {
    const batch = createRequestBatch(7, 64);
    assert.equal(batch.client.length, 28);
    assert.equal(batch.path.at.length, 7);
    assert.equal(batch.timeMs.length, 7);
    assert.equal(batch.text.length, 64);
  });
});

describe('the words of sites, checks, outages and incidents', () => {
  for (const [name, schema] of Object.entries({
    site: siteSchema,
    vantage: vantageSchema,
    check: checkResultSchema,
    state: siteStatusSchema,
    outage: outageSchema,
    incident: incidentSchema,
  })) {
    it(`can be described in JSON Schema: ${name}`, () => {
      const described = z.toJSONSchema(schema) as { properties?: Record<string, unknown> };
      assert.ok(Object.keys(described.properties ?? {}).length > 2);
    });
  }
});
