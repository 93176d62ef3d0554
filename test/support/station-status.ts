import type { StationStatus } from '../../src/model/station-view.ts';

export const STATUS_NOW_MS = Date.UTC(2026, 10, 23, 12);
const isoAgo = (agoMs: number): string => new Date(STATUS_NOW_MS - agoMs).toISOString();

/** What a healthy station tells of itself, three hours after its start. */
export function healthyStatus(): StationStatus {
  const rate = { bps: 1e9, pps: 1e6, fps: 1e4 };
  const store = { state: 'ready', waiting: 0, written: 1200, lost: 0 } as const;
  return {
    version: '0.2.0',
    organisation: 'Ministry of Examples',
    startedAt: isoAgo(3 * 3_600_000),
    now: isoAgo(0),
    decidedAt: isoAgo(1500),
    ready: true,
    total: rate,
    inputs: [
      {
        kind: 'netflow',
        address: '127.0.0.1:2055',
        receiver: 'recvmmsg',
        workers: 2,
        receiveBufferBytes: 134_217_728,
        datagrams: 1_000_000,
        datagramsDropped: 0,
        records: 30_000_000,
        recordsShed: 0,
      },
    ],
    records: 30_000_000,
    recordsLost: 0,
    attacksTotal: 3,
    attacksOngoing: [],
    targets: [],
    exporters: [
      {
        exporter: '203.0.113.1',
        observationDomain: 0,
        protocol: 'netflow-v9',
        datagrams: 1_000_000,
        records: 30_000_000,
        optionRecords: 10,
        counterSamples: 0,
        templates: 2,
        unknownTemplateSets: 0,
        sequenceLost: 0,
        samplingRates: [1000],
        firstSeen: isoAgo(3 * 3_600_000),
        lastSeen: isoAgo(400),
        diagnosis: [],
      },
    ],
    state: { kind: 'pglite', ...store },
    telemetry: { kind: 'chdb', ...store, bytesOnDisk: 1e9 },
    rejected: {},
    memoryBytes: 4e8,
    cpuSeconds: 1000,
    warnings: [],
  };
}
