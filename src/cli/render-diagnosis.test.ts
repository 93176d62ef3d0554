import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnosis } from '../station/doctor/check.ts';
import { renderDiagnosis } from './render-diagnosis.ts';

const DIAGNOSIS: Diagnosis = {
  verdict: 'fault',
  checks: [
    { id: 'node', title: 'Node.js', verdict: 'ok', found: '24.21.0' },
    {
      id: 'port-netflow-2055',
      title: 'netflow 127.0.0.1:2055',
      verdict: 'fault',
      found: 'held by nfcapd (pid 1234)',
      advice: 'Stop that program, or take another address or port (inputs.netflow).',
      commands: ["sudo ss -lunp 'sport = :2055'"],
    },
    {
      id: 'exporter-silent',
      title: 'exporter with a name that is longer than any column',
      verdict: 'warning',
      found: 'silent for 10 min 0 s',
    },
  ],
};

test('each check is a paragraph, with what to type on lines of its own', () => {
  assert.equal(
    renderDiagnosis(DIAGNOSIS, '2026-11-23T12:00:00.000Z', { width: 80, colour: false }),
    `Examination 2026-11-23T12:00:00.000Z

ok       Node.js                       24.21.0
fault    netflow 127.0.0.1:2055        held by nfcapd (pid 1234)
                                       Stop that program, or take another
                                       address or port (inputs.netflow).
                                       $ sudo ss -lunp 'sport = :2055'
warning  exporter with a name that is longer than any column
                                       silent for 10 min 0 s

One fault, one warning, 1 ok.
`,
  );
});

test('only a terminal sees colours, and nothing else changes', () => {
  const look = { width: 120, colour: true };
  const coloured = renderDiagnosis(DIAGNOSIS, 'now', look);
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  assert.ok(escapes.test(coloured));
  assert.equal(coloured.replace(escapes, ''), renderDiagnosis(DIAGNOSIS, 'now', { ...look, colour: false }));
});
