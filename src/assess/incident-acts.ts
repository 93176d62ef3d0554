import { hashText } from '../base/hash.ts';
import type { Incident, TimelineEntry } from '../model/incident.ts';
import type { IncidentBook } from './incident-book.ts';
import { type IncidentParts, withEntry } from './incident-parts.ts';
import { timeOf } from './outage-record.ts';
import { ASSESS } from './parameters.ts';

/** What a person changes of an incident; `null` takes the owner away. */
export interface IncidentChange {
  readonly state?: Incident['state'] | undefined;
  readonly owner?: string | null | undefined;
  readonly severity?: Incident['severity'] | undefined;
  readonly title?: string | undefined;
  readonly note?: string | undefined;
}

/** Who does it, when. */
export interface Act {
  readonly by: string;
  readonly nowMs: number;
}

/** Changes an incident as a person says. The version grows by one. */
export function changeIncident(book: IncidentBook, parts: IncidentParts, change: IncidentChange, act: Act): Incident {
  const before = parts.incident;
  const said: string[] = [];
  let next: Incident = before;
  if (change.state !== undefined && change.state !== before.state) {
    said.push(`${before.state} → ${change.state}`);
    next = { ...next, state: change.state, stateBy: act.by };
    if (change.state !== 'closed') delete next.closedAt;
  }
  if (change.severity !== undefined) {
    said.push(`severity ${before.severity} → ${change.severity}`);
    next = { ...next, severity: change.severity, severityBy: act.by };
  }
  if (change.owner === null) {
    said.push('owner taken away');
    const { owner: _, ...rest } = next;
    next = rest;
  } else if (change.owner !== undefined) {
    said.push(`owner ${change.owner}`);
    next = { ...next, owner: change.owner };
  }
  if (change.title !== undefined) {
    said.push(`named "${change.title}"`);
    next = { ...next, title: change.title, titleBy: act.by };
  }
  if (said.length > 0) next = noted(next, { kind: 'person', text: said.join('; ') }, act);
  if (change.note !== undefined) next = withNote(next, change.note, act);
  parts.incident = { ...next, version: before.version + 1 };
  return book.changed(parts, act.nowMs);
}

function withNote(incident: Incident, text: string, act: Act): Incident {
  const id = `n-${hashText(`${incident.id} ${incident.version} ${act.nowMs} ${text}`, 0)}`;
  const notes = [...incident.notes, { id, at: timeOf(act.nowMs), by: act.by, text }];
  return noted({ ...incident, notes }, { kind: 'note', ref: id, text }, act);
}

function noted(incident: Incident, entry: Omit<TimelineEntry, 'at' | 'by'>, act: Act): Incident {
  return { ...incident, timeline: withEntry(incident.timeline, { at: timeOf(act.nowMs), by: act.by, ...entry }) };
}

/** True where the notes of an incident have room for one more. */
export function hasRoomFor(incident: Incident, text: string): boolean {
  return incident.notes.reduce((sum, note) => sum + note.text.length, text.length) <= ASSESS.notesCharsMax;
}

/** Notes in the order of time, the oldest cut where they are too many. */
function within(notes: readonly Incident['notes'][number][]): Incident['notes'] {
  const sorted = [...notes].sort((left, right) => (left.at < right.at ? -1 : 1));
  let chars = sorted.reduce((sum, note) => sum + note.text.length, 0);
  while (chars > ASSESS.notesCharsMax) chars -= sorted.shift()?.text.length ?? chars;
  return sorted;
}

/** Joins others into an incident: their attacks, outages and notes go over, and they are closed with a pointer to it. */
export function mergeIncidents(
  book: IncidentBook,
  into: IncidentParts,
  others: readonly IncidentParts[],
  act: Act,
): Incident {
  for (const other of others) {
    const { incident } = other;
    const members = new Set([...other.attacks.keys(), ...other.outages.keys()]);
    book.move(other, into, members);
    const notes = within([...into.incident.notes, ...incident.notes]);
    let timeline: readonly TimelineEntry[] = into.incident.timeline;
    for (const entry of incident.timeline) timeline = withEntry(timeline, entry);
    into.incident = noted(
      { ...into.incident, notes, timeline: [...timeline] },
      { kind: 'person', ref: incident.id, text: `${incident.title} was merged into it` },
      act,
    );
    const closed = noted(
      { ...incident, state: 'closed', stateBy: act.by, mergedInto: into.incident.id, version: incident.version + 1 },
      { kind: 'person', ref: into.incident.id, text: `merged into ${into.incident.id}` },
      act,
    );
    // What it was made of, it keeps to be read; what it cost is told by the one that it is part of now.
    other.incident = { ...closed, attacks: incident.attacks, outages: incident.outages, closedAt: timeOf(act.nowMs) };
    book.mergedAway(other, act.nowMs);
  }
  into.incident = { ...into.incident, version: into.incident.version + 1 };
  return book.changed(into, act.nowMs);
}

/** Moves attacks and outages of an incident into a new one; undefined where none of the ids is its own, or all are. */
export function splitIncident(
  book: IncidentBook,
  from: IncidentParts,
  parts: { readonly ids: readonly string[]; readonly title?: string | undefined },
  act: Act,
): { readonly from: Incident; readonly split: Incident } | undefined {
  const members = [...from.attacks.keys(), ...from.outages.keys()];
  const moving = new Set(parts.ids.filter((id) => members.includes(id)));
  if (moving.size === 0 || moving.size === members.length) return undefined;
  const to = book.split(from.incident, act.nowMs);
  book.move(from, to, moving);
  const about = from.incident.timeline.filter(({ ref }) => ref !== undefined && moving.has(ref));
  to.incident = noted(
    {
      ...to.incident,
      ...(parts.title === undefined ? {} : { title: parts.title, titleBy: act.by }),
      state: from.incident.state,
      splitFrom: from.incident.id,
      timeline: about,
    },
    { kind: 'person', ref: from.incident.id, text: `split from ${from.incident.id}` },
    act,
  );
  from.incident = noted(
    { ...from.incident, version: from.incident.version + 1 },
    {
      kind: 'person',
      ref: to.incident.id,
      text: `${moving.size} of ${members.length} parts were split off into ${to.incident.id}`,
    },
    act,
  );
  return { split: book.changed(to, act.nowMs), from: book.changed(from, act.nowMs) };
}
