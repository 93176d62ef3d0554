import type { Attack, ExporterReport } from '../../model/attack.ts';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  inet,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
} from './drizzle.ts';

/** Everything lies in a schema of its own, so that a database may hold other things beside it. */
export const bonghwa = pgSchema('bonghwa');

/** Text in the order of its bytes, whatever the database's language: pages are cut by it. */
const plainText = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });

/** Number of the write in the order of all writes; a later one never gives way to an earlier one. */
const version = () => bigint('version', { mode: 'number' }).notNull();
const time = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'string' });

/** One row an attack. The columns are copies of fields of `attack`, for questions and indices. */
export const attacks = bonghwa.table(
  'attacks',
  {
    id: plainText('id').primaryKey(),
    version: version(),
    targetKind: text('target_kind').notNull(),
    target: text('target').notNull(),
    /** The target as a network; null for sites and organisations. */
    targetNet: inet('target_net'),
    direction: text('direction').notNull(),
    vectors: text('vectors').array().notNull(),
    startedAt: time('started_at').notNull(),
    detectedAt: time('detected_at').notNull(),
    endedAt: time('ended_at'),
    ongoing: boolean('ongoing').notNull(),
    peakBps: doublePrecision('peak_bps').notNull(),
    peakPps: doublePrecision('peak_pps').notNull(),
    /** `Attack` of src/model/attack.ts, whole. */
    attack: jsonb('attack').$type<Attack>().notNull(),
  },
  (table) => [
    index('attacks_started').on(table.startedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('attacks_ended').on(table.endedAt),
    index('attacks_target').on(table.target),
    index('attacks_target_net').using('gist', table.targetNet.op('inet_ops')),
  ],
);

export const exporters = bonghwa.table(
  'exporters',
  {
    exporter: text('exporter').notNull(),
    observationDomain: bigint('observation_domain', { mode: 'number' }).notNull(),
    protocol: text('protocol').notNull(),
    version: version(),
    lastSeen: time('last_seen').notNull(),
    report: jsonb('report').$type<ExporterReport>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.exporter, table.observationDomain, table.protocol] })],
);

export const settings = bonghwa.table('settings', {
  key: text('key').primaryKey(),
  version: version(),
  /** Without a value, the setting was removed: its row stays, so that an earlier write of it cannot come back. */
  held: jsonb('held').$type<{ readonly value?: unknown }>().notNull(),
});

/** Incidents, sites, people and whatever else a station keeps one by one; of each the newest version. */
export const documents = bonghwa.table(
  'documents',
  {
    kind: plainText('kind').notNull(),
    id: plainText('id').notNull(),
    version: version(),
    at: time('at').notNull(),
    tags: text('tags').array().notNull(),
    /** JSON, as text: what comes from outside may hold a zero, which `jsonb` refuses. */
    body: text('body').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.id] }),
    index('documents_at').on(table.kind, table.at.desc().nullsFirst(), table.id.desc().nullsFirst()),
    // Whoever asks would read through what waits to be sorted in.
    index('documents_tags').using('gin', table.tags).with({ fastupdate: false }),
  ],
);

/** Named bytes, in parts, so that no single statement carries many megabytes. */
export const blobs = bonghwa.table(
  'blobs',
  {
    name: text('name').notNull(),
    part: integer('part').notNull(),
    version: version(),
    bytes: bytea('bytes').notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.part] })],
);

/** How far the journal of a data directory has been taken over: written together with what was taken over. */
export const journals = bonghwa.table('journals', {
  journal: text('journal').primaryKey(),
  sequence: bigint('sequence', { mode: 'number' }).notNull(),
});
