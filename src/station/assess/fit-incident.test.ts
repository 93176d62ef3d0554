import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anAttack } from '../../../test/support/attacks.ts';
import { aSite } from '../../../test/support/sites.ts';
import { changeIncident } from '../../assess/incident-acts.ts';
import { IncidentBook } from '../../assess/incident-book.ts';
import { ASSESS } from '../../assess/parameters.ts';
import { type Incident, incidentSchema } from '../../model/incident.ts';
import { DOCUMENT_BYTES_MAX } from '../../store/state/state-store.ts';
import { fitIncident } from './fit-incident.ts';

const T0 = Date.UTC(2026, 10, 26);
const bytes = (incident: Incident): number => Buffer.byteLength(JSON.stringify(incident));

describe('fitIncident', () => {
  it('keeps the largest incident that can be within a document', () => {
    let incident: Incident | undefined;
    const book = new IncidentBook({ watched: () => true, onIncident: (told) => (incident = told) });
    const names = Array.from({ length: ASSESS.sitesPerIncidentMax }, (_, at) =>
      `${'국민건강보험공단 '.repeat(20)}${at}`.slice(-200),
    );
    book.setSites(names.map((name) => aSite(name)));
    for (let at = 0; at < ASSESS.sitesPerIncidentMax; at++)
      book.takeAttack(
        anAttack({
          id: `${'x'.repeat(60)}${at}`,
          startMs: T0 + at,
          target: { kind: 'site', value: names[at % names.length] },
        }),
        T0 + at,
      );
    assert.ok(incident !== undefined);
    const parts = book.get(incident.id);
    assert.ok(parts !== undefined);
    for (let at = 0; at < 6; at++)
      changeIncident(book, parts, { note: '기록 '.repeat(2500) }, { by: 'Kim', nowMs: T0 + 1e6 + at });
    assert.ok(bytes(parts.incident) > DOCUMENT_BYTES_MAX, `${bytes(parts.incident)}`);
    const fitted = fitIncident(parts.incident, DOCUMENT_BYTES_MAX);
    incidentSchema.parse(fitted);
    assert.ok(bytes(fitted) <= DOCUMENT_BYTES_MAX, `${bytes(fitted)}`);
    const { damage } = fitted;
    assert.deepEqual(
      [damage.sentence, damage.outMinutes, fitted.id],
      [parts.incident.damage.sentence, parts.incident.damage.outMinutes, parts.incident.id],
    );
  });

  it('leaves others as they are', () => {
    let incident: Incident | undefined;
    const book = new IncidentBook({ watched: () => true, onIncident: (told) => (incident = told) });
    book.takeAttack(anAttack({ startMs: T0 }), T0);
    assert.ok(incident !== undefined);
    assert.equal(fitIncident(incident, DOCUMENT_BYTES_MAX), incident);
  });
});
