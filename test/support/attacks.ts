import type { Attack, Target } from '../../src/model/attack.ts';
import type { AttackVector } from '../../src/model/vector.ts';

export interface AnAttack {
  readonly id?: string;
  readonly target?: Target;
  readonly vector?: AttackVector;
  readonly startMs: number;
  /** Absent while it goes on. */
  readonly endMs?: number;
}

/** An attack with what a test does not care about. */
export function anAttack({ id = 'attack', target, vector = 'syn-flood', startMs, endMs }: AnAttack): Attack {
  const time = (ms: number): string => new Date(ms).toISOString();
  const rate = { bps: 1e8, pps: 1e5, fps: 1e4 };
  return {
    id,
    target: target ?? { kind: 'address', value: '192.0.2.10' },
    direction: 'in',
    vectors: [{ name: vector, share: 1 }],
    spread: 'single',
    rhythm: 'steady',
    start: time(startMs),
    detectedAt: time(startMs + 2000),
    ...(endMs === undefined ? {} : { end: time(endMs) }),
    ongoing: endMs === undefined,
    peak: rate,
    baseline: { learnedSeconds: 0 },
    sources: { distinct: 1000, distinctError: 0.03, top: [], spoofed: 'likely' },
    why: 'far above what is usual',
    closing: 'when it is quiet',
    evidence: {
      at: time(startMs),
      measure: 'pps',
      observed: 1e5,
      limit: 1e4,
      limitFrom: 'floor',
      cusum: false,
      packets: 1e6,
      bytes: 6e7,
      flows: 1e6,
      samplingError: 0,
      packetBytes: 60,
      srcPorts: [],
      dstPorts: [],
      srcPortsDistinct: 1,
      dstPortsDistinct: 1,
      shape: [],
    },
    timeline: { from: time(startMs), stepMs: 1000, bps: [], pps: [] },
  };
}
