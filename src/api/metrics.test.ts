import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { FixedStation, fixedStatus } from '../../test/support/fixed-station.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import type { StationStatus } from '../model/station-view.ts';
import { type Family, renderExposition } from './exposition.ts';
import { EXPORTERS_LABELLED_MAX, metricFamilies } from './metrics.ts';

const LAG = { bounds: [0.1], counts: [2, 1], sum: 1.5 };

function families(status: StationStatus = fixedStatus()): Family[] {
  const api = { eventClients: 1, eventLoopLagSeconds: LAG, nodeVersion: '24.0.0' };
  return metricFamilies(status, new FixedStation().counters(), api);
}

/** Value by sample, as a scraper reads it. */
function samples(status?: StationStatus): Map<string, number> {
  const lines = renderExposition(families(status)).split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
  );
}

test('records, lost records and attacks are counted under names without labels', () => {
  const read = samples();
  assert.equal(read.get('bonghwa_flow_records_total'), 371_140_700);
  assert.equal(read.get('bonghwa_flow_records_lost_total'), 4132);
  assert.equal(read.get('bonghwa_attacks_total'), 7);
  assert.equal(read.get('bonghwa_attacks_ongoing'), 2);
  assert.equal(samples({ ...fixedStatus(), recordsLost: 0 }).get('bonghwa_flow_records_lost_total'), 0);
});

test('what stands for a state that may come is there before it comes', () => {
  const read = samples({ ...fixedStatus(), rejected: {}, exporters: [] });
  for (const reason of Object.keys(REJECTION_REASONS))
    assert.equal(read.get(`bonghwa_rejected_total{reason="${reason}"}`), 0, reason);
  assert.equal(read.get('bonghwa_exporters{state="silent"}'), 0);
  assert.equal(read.get('bonghwa_store_up{store="telemetry",kind="chdb"}'), 1);
});

test('exporters beyond the first hundred are counted together, and those that were there first keep their series', () => {
  const status = fixedStatus();
  const [exporter] = status.exporters;
  const forged = Array.from({ length: 5000 }, (_, at) => ({
    ...exporter,
    exporter: `198.18.${at >> 8}.${at & 255}`,
    observationDomain: 0,
    records: 2,
    firstSeen: '2024-03-05T12:00:30.000Z',
  }));
  const read = samples({ ...status, exporters: [...forged, ...status.exporters] });
  const series = [...read].filter(([name]) => name.startsWith('bonghwa_exporter_records_total{'));
  assert.equal(series.length, EXPORTERS_LABELLED_MAX + 1);
  assert.equal(
    read.get('bonghwa_exporter_records_total{exporter="other",domain="other",protocol="other"}'),
    2 * (5000 - (EXPORTERS_LABELLED_MAX - 3)),
  );
  assert.equal(
    read.get('bonghwa_exporter_records_total{exporter="203.0.113.2",domain="0",protocol="ipfix"}'),
    201_000_000,
  );
  assert.equal(read.get('bonghwa_exporters{state="silent"}'), 1);
});

test('a histogram is cumulated, and labels are escaped', () => {
  const text = renderExposition([
    { name: 'lag_seconds', help: 'One\\two\nlines.', type: 'histogram', histogram: LAG },
    { name: 'up', help: 'Up.', type: 'gauge', samples: [{ labels: { name: 'a"b\\c\nd' }, value: Number.NaN }] },
    { name: 'none', help: 'None.', type: 'gauge', samples: [{ value: Number.POSITIVE_INFINITY }] },
  ]);
  assert.equal(
    text,
    `# HELP lag_seconds One\\\\two\\nlines.
# TYPE lag_seconds histogram
lag_seconds_bucket{le="0.1"} 2
lag_seconds_bucket{le="+Inf"} 3
lag_seconds_sum 1.5
lag_seconds_count 3
# HELP up Up.
# TYPE up gauge
up{name="a\\"b\\\\c\\nd"} NaN
# HELP none None.
# TYPE none gauge
none +Inf
`,
  );
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

test('promtool has nothing to say', {
  skip: promtool ? false : 'promtool (package prometheus) is not installed',
}, () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: renderExposition(families()),
    encoding: 'utf8',
  });
  assert.equal(`${stdout}${stderr}`, '');
  assert.equal(status, 0);
});
