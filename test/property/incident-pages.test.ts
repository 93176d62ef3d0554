import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { IncidentQuery } from '../../src/api/ports.ts';
import type { Incident } from '../../src/model/incident.ts';
import { AssessStore } from '../../src/station/assess/assess-store.ts';
import type { DocumentPage, DocumentQuery, StateStore } from '../../src/store/state/state-store.ts';
import { incidentOf } from '../support/fixed-ports.ts';
import { MemoryDocuments } from '../support/memory-documents.ts';

const COUNT = 260;
/** Several begin in one minute: the order among them is that of their ids. */
const MINUTES = 37;
const STATES = ['open', 'recovered', 'closed'] as const;

const incidentAt = (n: number, version = 1): Incident =>
  incidentOf(n % MINUTES, {
    id: `i${String(n).padStart(4, '0')}`,
    version,
    title: n % 5 === 0 ? '대법원 out' : 'a bank out',
    sites: [n % 3 === 0 ? 'court' : 'bank'],
    state: STATES[n % STATES.length],
  });

/** The latest start first, then the largest id. */
const inOrder = (left: Incident, right: Incident): number =>
  left.start === right.start ? (left.id < right.id ? 1 : -1) : left.start < right.start ? 1 : -1;

/** A store whose database is behind at some questions, as on a machine that is too busy to answer in time. */
class BusyDocuments extends MemoryDocuments {
  behind: boolean[] = [];

  override documents(kind: string, query?: DocumentQuery): Promise<DocumentPage> {
    this.down = this.behind.shift() === true;
    return super.documents(kind, query);
  }
}

describe('pages of incidents', () => {
  const all = Array.from({ length: COUNT }, (_, n) => incidentAt(n));
  const state = new BusyDocuments();
  const store = new AssessStore(state as Partial<StateStore> as StateStore, (error) => assert.fail(error));
  before(async () => {
    for (const incident of all) store.saveIncident(incident);
    await store.settled();
  });

  const queries = fc.record({
    limit: fc.integer({ min: 1, max: 300 }),
    state: fc.option(fc.constantFrom(...STATES), { nil: undefined }),
    site: fc.option(fc.constantFrom('court', 'bank'), { nil: undefined }),
    q: fc.option(fc.constantFrom('대법원', 'I00', 'bank'), { nil: undefined }),
  });
  const fits = ({ state: wanted, site, q }: Omit<IncidentQuery, 'limit'>, incident: Incident): boolean =>
    (wanted === undefined || incident.state === wanted) &&
    (site === undefined || incident.sites.includes(site)) &&
    (q === undefined ||
      [incident.title, incident.id, ...incident.sites].join().toLowerCase().includes(q.toLowerCase()));

  it('hold every incident once, in order, while they change and the database is behind at times', async () => {
    await fc.assert(
      fc.asyncProperty(
        queries,
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.array(fc.nat({ max: COUNT - 1 }), { maxLength: 30 }),
        async (query, faults, changing) => {
          state.behind = [...faults];
          const found: Incident[] = [];
          let before: string | undefined;
          let asked = 0;
          for (let done = false; !done; ) {
            const page = await store.incidents({ ...query, before });
            assert.ok(page.incidents.length <= query.limit);
            const changed = changing.pop();
            if (changed !== undefined) store.saveIncident(incidentAt(changed, 2 + asked));
            assert.ok(++asked < 2 * COUNT, 'the pages come to an end');
            // A page that says that it is partial is asked for again, as whoever needs all of it does.
            if (page.partial === true) continue;
            found.push(...page.incidents);
            before = page.next;
            done = before === undefined;
          }
          assert.deepEqual(
            found.map(({ id }) => id),
            all
              .filter((incident) => fits(query, incident))
              .sort(inOrder)
              .map(({ id }) => id),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
