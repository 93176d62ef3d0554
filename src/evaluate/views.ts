import type { RouterSpec } from './router.ts';

/** How a scenario is seen: a capture of the traffic itself, or what routers export of it. */
export interface View {
  readonly what: string;
  /** Absent: the packets themselves are captured. */
  readonly routers?: readonly RouterSpec[];
  /** True where the delay between traffic and telemetry is at most a second or two. */
  readonly quick: boolean;
}

const QUICK = { activeSeconds: 1, inactiveSeconds: 1 } as const;

export const VIEWS = {
  packets: { what: 'capture of the traffic itself', quick: true },
  'v5-quick': {
    what: 'NetFlow v5, timeouts of 1 s',
    routers: [{ protocol: 'netflow-v5', ...QUICK }],
    quick: true,
  },
  'v9-quick': {
    what: 'NetFlow v9, timeouts of 1 s, clock 3 s ahead',
    routers: [{ protocol: 'netflow-v9', ...QUICK, clockSkewMs: 3000 }],
    quick: true,
  },
  'ipfix-two': {
    what: 'IPFIX from two routers that share the traffic, timeouts of 1 s, clocks 2 s apart',
    routers: [
      { protocol: 'ipfix', ...QUICK, part: [0, 2], clockSkewMs: -1000 },
      { protocol: 'ipfix', ...QUICK, part: [1, 2], clockSkewMs: 1000 },
    ],
    quick: true,
  },
  'ipfix-inbound': {
    what: 'IPFIX of what comes in only, timeouts of 1 s',
    routers: [{ protocol: 'ipfix', ...QUICK, inboundOnly: true }],
    quick: true,
  },
  'ipfix-lossy': {
    what: 'IPFIX, timeouts of 1 s, 3 % of the datagrams lost',
    routers: [{ protocol: 'ipfix', ...QUICK, lossShare: 0.03 }],
    quick: true,
  },
  'v9-late': {
    what: 'NetFlow v9, timeouts of 1 s, templates 20 s late',
    routers: [{ protocol: 'netflow-v9', ...QUICK, templatesFromMs: 20_000 }],
    quick: true,
  },
  'v9-60': {
    what: 'NetFlow v9, active timeout 60 s, inactive 1 s',
    routers: [{ protocol: 'netflow-v9', activeSeconds: 60, inactiveSeconds: 1 }],
    quick: false,
  },
  'v9-60-15': {
    what: 'NetFlow v9, active timeout 60 s, inactive 15 s',
    routers: [{ protocol: 'netflow-v9', activeSeconds: 60, inactiveSeconds: 15 }],
    quick: false,
  },
  'v9-100': {
    what: 'NetFlow v9, one packet in 100, timeouts of 1 s',
    routers: [{ protocol: 'netflow-v9', ...QUICK, sampling: 100 }],
    quick: true,
  },
  'ipfix-1000': {
    what: 'IPFIX, one packet in 1,000, timeouts of 60 and 15 s',
    routers: [{ protocol: 'ipfix', activeSeconds: 60, inactiveSeconds: 15, sampling: 1000 }],
    quick: false,
  },
  'sflow-64': {
    what: 'sFlow, one packet in 64',
    routers: [{ protocol: 'sflow-v5', sampling: 64 }],
    quick: true,
  },
  'sflow-10000': {
    what: 'sFlow, one packet in 10,000',
    routers: [{ protocol: 'sflow-v5', sampling: 10_000 }],
    quick: true,
  },
  'v9-twice': {
    what: 'NetFlow v9 from two routers that both see everything, timeouts of 1 s',
    routers: [
      { protocol: 'netflow-v9', ...QUICK },
      { protocol: 'netflow-v9', ...QUICK, clockSkewMs: 200 },
    ],
    quick: true,
  },
  'v9-reboot': {
    what: 'NetFlow v9, a reboot after 90 s that tells half a minute again',
    routers: [{ protocol: 'netflow-v9', activeSeconds: 60, inactiveSeconds: 15, rebootMs: 90_000 }],
    quick: false,
  },
  'ipfix-changing': {
    what: 'IPFIX, one packet in 10, from the 90th second one in 100, timeouts of 1 s',
    routers: [{ protocol: 'ipfix', ...QUICK, sampling: 10, samplingChange: { atMs: 90_000, sampling: 100 } }],
    quick: true,
  },
} as const satisfies Readonly<Record<string, View>>;

export type ViewName = keyof typeof VIEWS;

export const viewOf = (name: ViewName): View => VIEWS[name];

/** Views of everything, in both directions, without sampling. */
export const WHOLE: readonly ViewName[] = [
  'packets',
  'v5-quick',
  'v9-quick',
  'ipfix-two',
  'ipfix-lossy',
  'v9-late',
  'v9-60',
  'v9-60-15',
];
/** And those that see one direction, or a sample. */
export const ALL: readonly ViewName[] = [...WHOLE, 'ipfix-inbound', 'v9-100', 'sflow-64'];

/** One packet in how many the view looks at: at best, and at worst. */
export function samplingOf(view: View): { readonly best: number; readonly worst: number } {
  const rates = (view.routers ?? []).flatMap(({ sampling = 1, samplingChange }) => [
    sampling,
    samplingChange?.sampling ?? sampling,
  ]);
  return { best: rates.length === 0 ? 1 : Math.min(...rates), worst: Math.max(1, ...rates) };
}
