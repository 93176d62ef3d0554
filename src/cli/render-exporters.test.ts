import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedStatus } from '../../test/support/fixed-station.ts';
import type { ExporterFinding, ExporterReport } from '../model/attack.ts';
import { renderExporters } from './render-exporters.ts';

const LOOK = { width: 80, colour: false };
const status = fixedStatus();
const nowMs = Date.parse(status.now);

const finding: ExporterFinding = {
  code: 'active-timeout',
  severity: 'warning',
  message: 'its active timeout is 300 s.',
  advice: [
    {
      vendor: 'juniper',
      lines: ['set services flow-monitoring version-ipfix template BONGHWA flow-active-timeout 60'],
    },
    { vendor: 'softflowd', lines: ['softflowd -t maxlife=60'] },
  ],
};

function render(findings: readonly ExporterFinding[], vendor?: string): string {
  const exporter: ExporterReport = {
    ...status.exporters[1],
    name: 'border',
    shareNotSeen: 0.031,
    recordsLost: 1200,
    findings: [...findings],
  };
  const list = { exporters: [exporter], inputs: status.inputs, nowMs, ...(vendor === undefined ? {} : { vendor }) };
  return renderExporters(list, LOOK);
}

test('an exporter is told with its loss, and what is worst first', () => {
  const notice: ExporterFinding = { code: 'sampling', severity: 'notice', message: 'it does not sample.' };
  const text = render([notice, { ...finding, advice: [] }]);
  assert.match(text, /^1 exporter, all send, something wrong with 1\n/);
  assert.match(text, /border \(203\.0\.113\.2\) {2}IPFIX/);
  assert.match(text.replace(/\s+/g, ' '), /1,200 records lost, of late 3\.1 %/);
  assert.ok(text.indexOf('! its active timeout') < text.indexOf('· it does not sample'));
  assert.match(render([notice]), /nothing wrong with them/, 'what is good to know is nothing wrong');
});

test('what to type is shown of the vendor that is meant, on lines of their own that are not broken', () => {
  assert.match(
    render([finding, finding]).replace(/\s+/g, ' '),
    /^[^-]*configuration, or ask with --vendor\. $/,
    'once',
  );
  assert.doesNotMatch(render([finding]), /softflowd -t/);
  const juniper = render([finding], 'juniper');
  assert.match(juniper, /on Juniper:\n {6}set services .* flow-active-timeout 60\n/);
  assert.doesNotMatch(juniper, /softflowd/);
  assert.match(render([finding], 'all'), /on Juniper:[\s\S]*on softflowd:\n {6}softflowd -t maxlife=60/);
  const [, own] = finding.advice ?? [];
  assert.match(render([{ ...finding, advice: [own] }]), /softflowd -t maxlife=60/, 'the configuration names it');
});
