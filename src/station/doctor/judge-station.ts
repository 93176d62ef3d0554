import { formatAddress, parseAddress } from '../../base/ip.ts';
import { formatCount, formatDuration, formatShare } from '../../base/units.ts';
import type { StationStatus, StoreStatus } from '../../model/station-view.ts';
import type { Check } from './check.ts';
import type { Facts } from './facts.ts';

/** A station decides a second about one second after it; ten is something else. */
const DECIDED_AGE_MS_MAX = 10_000;
/** Routers export at least once a minute where there is traffic at all. A younger station cannot know of silence. */
const SILENT_MS_MIN = 120_000;
/** A store that takes longer to start than this has a reason that should be looked for. */
const STARTING_MS_MAX = 60_000;
const LOST_SHARE_WARNING = 0.0001;
const LOST_SHARE_FAULT = 0.01;
/** Findings about exporters and warnings that are shown one by one. */
const SHOWN_MAX = 20;

export function judgeStation({ station, configuration }: Facts): Check[] {
  const about = { id: 'station', title: 'station' };
  if (station.kind === 'none') return [{ ...about, verdict: 'ok', found: 'none runs on this data directory' }];
  const pid = station.pid === undefined ? '' : ` (pid ${station.pid})`;
  const { status } = station;
  if (status === undefined) {
    return [
      {
        ...about,
        verdict: 'fault',
        found: `it runs${pid} and does not answer: ${station.silent ?? 'no reason given'}`,
        advice: 'Look at what it wrote, and restart it if it hangs.',
        commands: ['journalctl -u bonghwa -n 50', 'sudo systemctl restart bonghwa'],
      },
    ];
  }
  const { exporters } = configuration.config;
  const upMs = Date.parse(status.now) - Date.parse(status.startedAt);
  return [
    runs(status, pid),
    ...status.inputs.flatMap((input) => judgeInput(input, upMs)),
    lost(status),
    ...silentExporters(status, exporters),
    ...diagnosedExporters(status),
    judgeStore('state', status.state, upMs),
    judgeStore('telemetry', status.telemetry, upMs),
    ...status.warnings
      .slice(0, SHOWN_MAX)
      .map((warning): Check => ({ id: 'station-warning', title: 'station', verdict: 'warning', found: warning })),
  ];
}

function runs(status: StationStatus, pid: string): Check {
  const about = { id: 'station', title: 'station' };
  const nowMs = Date.parse(status.now);
  const up = formatDuration(nowMs - Date.parse(status.startedAt));
  const decidedMs = status.decidedAt === undefined ? undefined : nowMs - Date.parse(status.decidedAt);
  if (decidedMs !== undefined && decidedMs > DECIDED_AGE_MS_MAX) {
    return {
      ...about,
      verdict: 'fault',
      found: `runs${pid}, and decided last ${formatDuration(decidedMs)} ago: it sees nothing now`,
      advice: 'It may have too little processor time, or its clock jumped. Restart it if this stays.',
      commands: ['journalctl -u bonghwa -n 50', 'sudo systemctl restart bonghwa'],
    };
  }
  if (!status.ready)
    return {
      ...about,
      verdict: 'fault',
      found: `runs${pid} for ${up} and is not ready`,
      commands: ['journalctl -u bonghwa -n 50'],
    };
  const attacks = status.attacksOngoing.length;
  const ongoing = attacks === 0 ? 'no attack now' : attacks === 1 ? 'one attack now' : `${attacks} attacks now`;
  return { ...about, verdict: 'ok', found: `runs${pid} for ${up}, ${formatCount(status.records)} records, ${ongoing}` };
}

function judgeInput(input: StationStatus['inputs'][number], upMs: number): Check[] {
  const about = { id: `input-${input.kind}`, title: `${input.kind} ${input.address}` };
  if (input.error !== undefined) {
    const advice = 'The station goes on with its other inputs. Restart it when the cause is gone.';
    return [{ ...about, verdict: 'fault', found: input.error, advice }];
  }
  const received = `${formatCount(input.datagrams)} datagrams, ${formatCount(input.records)} records`;
  if (input.datagrams === 0 && input.records === 0) {
    if (upMs < SILENT_MS_MIN) return [{ ...about, verdict: 'ok', found: 'nothing came in yet' }];
    const advice = 'Is the router told to export to this address and port, and does a firewall let it through?';
    const port = /\d+$/.exec(input.address)?.[0];
    const commands =
      input.kind === 'pcap' || port === undefined ? {} : { commands: [`sudo tcpdump -ni any -c 5 udp port ${port}`] };
    return [{ ...about, verdict: 'warning', found: 'nothing came in since the start', advice, ...commands }];
  }
  return [{ ...about, verdict: 'ok', found: received }];
}

function lost(status: StationStatus): Check {
  const share = status.recordsLost / Math.max(1, status.records + status.recordsLost);
  const about = { id: 'records-lost', title: 'records lost' };
  const found = `${formatCount(status.recordsLost)} of ${formatCount(status.records + status.recordsLost)} (${formatShare(share)})`;
  if (share < LOST_SHARE_WARNING) return { ...about, verdict: 'ok', found };
  const dropped = status.inputs.reduce((sum, input) => sum + input.datagramsDropped, 0);
  const shed = status.inputs.reduce((sum, input) => sum + input.recordsShed, 0);
  const where =
    shed > 0
      ? `${formatCount(shed)} of them were shed to keep up: give it more cores, or sample more thinly on the routers.`
      : dropped > 0
        ? `${formatCount(dropped)} datagrams were dropped in the kernel: see the receive buffer.`
        : 'They never reached this machine: the routers, or the network on the way, lost them.';
  return { ...about, verdict: share >= LOST_SHARE_FAULT ? 'fault' : 'warning', found, advice: where };
}

function silentExporters(status: StationStatus, wanted: Facts['configuration']['config']['exporters']): Check[] {
  const lastSeen = new Map<string, number>();
  for (const { exporter, lastSeen: seen } of status.exporters) {
    const address = canonical(exporter);
    lastSeen.set(address, Math.max(lastSeen.get(address) ?? 0, Date.parse(seen)));
  }
  const nowMs = Date.parse(status.now);
  const silent: Check[] = [];
  for (const { name, address } of wanted) {
    const seenMs = lastSeen.get(canonical(address));
    if (nowMs - (seenMs ?? Date.parse(status.startedAt)) < SILENT_MS_MIN) continue;
    silent.push({
      id: 'exporter-silent',
      title: `exporter ${name}`,
      verdict: 'fault',
      found:
        seenMs === undefined
          ? `${address} was never heard`
          : `${address} is silent for ${formatDuration(nowMs - seenMs)}`,
      advice: 'Its traffic is not seen. Does it export, from this address, to this machine?',
      commands: [`sudo tcpdump -ni any -c 5 udp and src host ${address}`],
    });
  }
  const heard = status.exporters.length;
  if (silent.length === 0 && heard > 0)
    return [
      {
        id: 'exporters',
        title: 'exporters',
        verdict: 'ok',
        found: `${heard} heard${wanted.length > 0 ? ', none of those named is silent' : ''}`,
      },
    ];
  return silent.slice(0, SHOWN_MAX);
}

function diagnosedExporters(status: StationStatus): Check[] {
  return status.exporters
    .flatMap(({ exporter, diagnosis }) =>
      diagnosis.map(
        (found): Check => ({ id: 'exporter-diagnosis', title: `exporter ${exporter}`, verdict: 'warning', found }),
      ),
    )
    .slice(0, SHOWN_MAX);
}

function judgeStore(name: string, store: StoreStatus, upMs: number): Check {
  const about = { id: `station-${name}`, title: `${name} store` };
  const error = store.error === undefined ? '' : `: ${store.error}`;
  const waiting = `${formatCount(store.written)} written, ${formatCount(store.waiting)} waiting`;
  const gone = store.lost === 0 ? '' : `, ${formatCount(store.lost)} not kept`;
  const found = store.kind === 'off' ? 'off' : `${store.kind} ${store.state}${error}; ${waiting}${gone}`;
  const working = store.state === 'ready' || (store.state === 'starting' && upMs < STARTING_MS_MAX);
  if (store.kind === 'off' || (working && store.lost === 0)) return { ...about, verdict: 'ok', found };
  const lost = store.lost === 0 ? '' : ' What was not kept is gone.';
  return {
    ...about,
    verdict: store.state === 'down' ? 'fault' : 'warning',
    found,
    advice: working
      ? `It works again.${lost}`
      : `Detection goes on. Look at disk, memory and database; it catches up when the cause is gone.${lost}`,
  };
}

function canonical(address: string): string {
  const words = parseAddress(address);
  return words === undefined ? address : formatAddress(words);
}
