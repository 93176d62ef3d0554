import { hllEstimate } from '../../sketch/hyperloglog.ts';
import {
  ADDRESSES_PRECISION,
  PORTS_PRECISION,
  SOURCES_PRECISION,
  type TargetDetail,
} from '../../sketch/target-detail.ts';
import type { ComeBack } from './comers.ts';
import type { VectorGroup } from './groups.ts';
import type { GroupRates, NodeTraffic } from './traffic.ts';

/** Everything that the shape of one group at one target can be judged by, for one second. */
export interface View {
  readonly group: VectorGroup;
  /** False where so many stood out that nobody looked at who sends to the target, and at what it sends. */
  readonly isLookedAt: boolean;
  readonly rates: GroupRates;
  readonly node: NodeTraffic;
  /** Details of the group's own classes; `undefined` where there was no room for them. */
  readonly detail: TargetDetail | undefined;
  /** Details of the traffic on completed connections. */
  readonly answered: TargetDetail | undefined;
  /** Share of rows that the details saw: 1, or less where they come from the second's sample. */
  readonly detailShare: number;
  /** True where traffic from the target can be seen at all. */
  readonly replySeen: boolean;
  /** Packets of a set of classes that the target sent in this second. */
  readonly sent: (classes: number) => number;
  /** Rate over limit of the measure that is exceeded most. */
  readonly excess: number;
  /** False where the group's traffic was there already when watching began, a few seconds ago. */
  readonly hasPast: boolean;
  /** The group's traffic was there when watching began, and what is usual of it rests on less than a minute. */
  readonly isFresh: boolean;
  /** Share of the group's packets in all packets of the second, of every target. */
  readonly shareOfAll: number;
  /** True for a prefix: many addresses are attacked. */
  readonly carpet: boolean;
  /** Share of the sources that peace did not know; `undefined` where it was not watched for long enough. */
  readonly newSources: number | undefined;
  /** Nearly all of the sources sent in the seconds of peace before. */
  readonly knownSources: boolean;
  /** Who of the sources was there in the seconds before too; `undefined` where nobody looked at them. */
  readonly comeBack: () => ComeBack | undefined;
  /** Share of the group's packets whose senders the target sends to, where every row of the second was kept. */
  readonly answeredShare: () => number | undefined;
}

/** What the details tell, estimated once per judgement. */
export interface Features {
  sources: number;
  packetsPerSource: number;
  topSourceShare: number;
  /** Share of the four sources that send most. */
  topFourShare: number;
  srcPorts: number;
  dstPorts: number;
  topDstPort: number;
  topDstPortShare: number;
  topSrcPort: number;
  topSrcPortShare: number;
  addresses: number;
  meanBytes: number;
  /** Rows the estimates rest on. */
  rows: number;
  /** Packets that the ports were read from: of those looked at by the exporter, one in so many is looked at here. */
  portPackets: number;
  /** More distinct ports than this share of them: every packet has its own. */
  randomPortsShare: number;
}

/** More distinct ports than this share of the packets: every packet has its own. */
const RANDOM_PORTS_SHARE = 0.3;
/** Of packets picked here and there most have a port of their own in any case: there it takes nearly all. */
const RANDOM_PORTS_SHARE_THINNED = 0.85;
/** The shares of the heaviest are told of so many. */
const FEW_SENDERS = 4;

/** Reads the details. Without any, everything is unknown (NaN, 0), and tests that need them fail. */
export function featuresOf(view: View): Features {
  const { detail, rates } = view;
  const meanBytes = rates.packets > 0 ? rates.bytes / rates.packets : 0;
  if (detail === undefined || detail.rows === 0) {
    return {
      sources: 0,
      packetsPerSource: Number.NaN,
      topSourceShare: 0,
      topFourShare: 0,
      srcPorts: 0,
      dstPorts: 0,
      topDstPort: -1,
      topDstPortShare: 0,
      topSrcPort: -1,
      topSrcPortShare: 0,
      addresses: 1,
      meanBytes,
      rows: 0,
      portPackets: 0,
      randomPortsShare: RANDOM_PORTS_SHARE,
    };
  }
  const sources = Math.max(1, Math.round(hllEstimate(detail.sources, 0, SOURCES_PRECISION)));
  const topSources = detail.topSources.top(FEW_SENDERS);
  const topShare = (slots: readonly number[]): number =>
    slots.reduce((sum, slot) => sum + detail.topSources.counts[slot], 0) / detail.topSources.total;
  const topSrcPort = detail.topSrcPorts.top(1)[0];
  const topDstPort = detail.topDstPorts.top(1)[0];
  return {
    sources,
    packetsPerSource: (rates.packets * view.detailShare) / sources,
    topSourceShare: topShare(topSources.slice(0, 1)),
    topFourShare: topShare(topSources),
    srcPorts: hllEstimate(detail.srcPorts, 0, PORTS_PRECISION),
    dstPorts: hllEstimate(detail.dstPorts, 0, PORTS_PRECISION),
    topDstPort: detail.topDstPorts.keys[4 * topDstPort + 3],
    topDstPortShare: detail.topDstPorts.counts[topDstPort] / detail.topDstPorts.total,
    topSrcPort: detail.topSrcPorts.keys[4 * topSrcPort + 3],
    topSrcPortShare: detail.topSrcPorts.counts[topSrcPort] / detail.topSrcPorts.total,
    addresses: Math.round(hllEstimate(detail.addresses, 0, ADDRESSES_PRECISION)),
    meanBytes,
    rows: detail.rows,
    portPackets: (detail.topDstPorts.total * view.detailShare) / 2 ** detail.thinBits,
    randomPortsShare: detail.thinBits > 0 || view.detailShare < 1 ? RANDOM_PORTS_SHARE_THINNED : RANDOM_PORTS_SHARE,
  };
}
