import { Random } from '../base/random.ts';
import { BENIGN } from './benign.ts';
import { DatagramWriter } from './datagram-writer.ts';
import { FRAME_BYTES_MAX, wireBytes, writeFrame } from './frame.ts';
import { HOSTILE } from './hostile.ts';
import type { CaptureLabel } from './labels.ts';
import { PcapWriter } from './pcap-writer.ts';
import { Router, type RouterSpec } from './router.ts';
import type { Scenario } from './scenario.ts';
import { isInside, NETWORKS, Scene } from './scene.ts';
import { samplingOf, type ViewName, viewOf } from './views.ts';
import { ipv4, WORLD_START_MS, World } from './world.ts';

export const SCENARIOS: readonly Scenario[] = [...HOSTILE, ...BENIGN];

/** One scenario, one seed, one view: one capture. */
export interface Case {
  readonly scenario: string;
  readonly seed: number;
  readonly view: ViewName;
}

/** Every scenario takes its views in turn, each from another one on, so that few seeds see all of them. */
export function casesOf(scenarios: readonly Scenario[], fromSeed: number, toSeed: number): Case[] {
  const cases: Case[] = [];
  for (let seed = fromSeed; seed <= toSeed; seed++) {
    scenarios.forEach((scenario, index) => {
      if (seed % (scenario.everySeeds ?? 1) !== 0) return;
      cases.push({ scenario: scenario.name, seed, view: scenario.views[(seed + index) % scenario.views.length] });
    });
  }
  return cases;
}

const PORT_OF: Readonly<Record<RouterSpec['protocol'], number>> = {
  'netflow-v5': 2055,
  'netflow-v9': 2055,
  ipfix: 4739,
  'sflow-v5': 6343,
};

export interface Generated {
  readonly label: Omit<CaptureLabel, 'file'>;
  readonly packets: number;
  readonly bytes: number;
}

/** Writes the capture of a case to `path`, in one pass and with the memory of what is in flight. */
export function generate({ scenario: name, seed, view: viewName }: Case, path: string): Generated {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new RangeError(`no scenario ${name}`);
  const view = viewOf(viewName);
  const sampling = samplingOf(view);
  // Names apart, scenarios of one seed have nothing in common.
  let mixed = seed >>> 0;
  for (const letter of name) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  const world = new World(mixed, sampling.best);
  const scene = new Scene(world, sampling.worst);
  scenario.make(scene);
  const pcap = new PcapWriter(path);
  const routers = (view.routers ?? []).map((spec, index) => {
    const address = ipv4(192, 0, 2, 1 + index);
    const random = new Random(mixed + 1000 + index);
    const out = new DatagramWriter(pcap, address, PORT_OF[spec.protocol], spec.lossShare ?? 0, random);
    return new Router(spec, address, out, isInside, random, (attack, nowMs, packets) =>
      scene.attacks[attack - 1].tell(nowMs, packets),
    );
  });
  const capture = (packets: Float64Array, at: number): void => {
    const wire = wireBytes(packets, at);
    const begin = pcap.begin(WORLD_START_MS + packets[at], Math.min(FRAME_BYTES_MAX, wire), wire);
    pcap.buffer.fill(0, begin, begin + Math.min(FRAME_BYTES_MAX, wire));
    writeFrame(pcap.view, begin, packets, at);
    if (packets[at + 11] > 0) scene.attacks[packets[at + 11] - 1].tell(packets[at], 1);
  };
  const see =
    routers.length === 0
      ? capture
      : (packets: Float64Array, at: number): void => {
          for (const router of routers) router.packet(packets, at);
        };
  const take = (packets: Float64Array, at: number): void => {
    if (packets[at + 11] === 0) {
      for (const attack of scene.attacks) attack.passBy(packets[at], packets[at + 2], packets[at + 10]);
    }
    see(packets, at);
  };
  const untilMs = 1000 * scenario.seconds;
  world.play(untilMs, take, (nowMs) => {
    for (const router of routers) router.tick(nowMs);
  });
  // What is still in the caches comes when its timeouts are over.
  for (let nowMs = untilMs + 100; routers.some((router) => !router.idle); nowMs += 100) {
    for (const router of routers) router.tick(nowMs);
  }
  pcap.close();
  return {
    label: {
      scenario: name,
      view: viewName,
      seed,
      networks: [...NETWORKS],
      targets: scenario.targets,
      seconds: scenario.seconds,
      attacks: scene.attacks.map((attack) => attack.label()),
    },
    packets: pcap.packets,
    bytes: pcap.bytes,
  };
}
