import { formatCount, formatShare } from '../../base/units.ts';
import { CLASS } from '../../model/traffic-class.ts';
import type { Vector } from '../../model/vector.ts';
import { hllEstimate, hllMerge } from '../../sketch/hyperloglog.ts';
import { SOURCES_PRECISION } from '../../sketch/target-detail.ts';
import type { Features, View } from './features.ts';
import { ANSWERED_CLASSES } from './groups.ts';
import { PARAMETERS } from './parameters.ts';
import { isSampled, lookedAt } from './traffic.ts';

export interface Judgement {
  readonly attack: boolean;
  /** The shape alone leaves no doubt: no second second is needed to confirm it. */
  readonly clear: boolean;
  /** False where it is no attack, or only the next seconds will tell, and no peace to learn from either. */
  readonly settled: boolean;
  /** The attack's vector; or what the traffic is instead: `download`, `scan`, `flash-crowd` … */
  readonly kind: Vector | string;
  /** The tests of shape, in words with their numbers. */
  readonly notes: readonly string[];
}

/** Traffic from fewer sources than this is not "from many". */
const MANY_SOURCES = 50;
const SEVERAL_SOURCES = 10;
/** So many senders of one packet each are forged. */
const FORGED_SOURCES = 500;
/** A single peer needs this many times the limit to be an attack by volume alone. */
const SINGLE_SOURCE_EXCESS = 10;
/** Below this share of all packets of the second, what was there when watching began is one of many that are as busy. */
const COLD_SHARE_MIN = 0.1;
/** As many ports suffice to tell, however many packets there are. */
const PORTS_TOLD = 1000;
/** And fewer packets than this tell nothing. */
const PORTS_LOOKED_MIN = 10;
/** Readers over QUIC acknowledge, and ask, with at least so many packets for each that they get. */
const ASKED_FOR_PAGES_SHARE = 0.02;
/** Scanners and testers are few, and send nearly all of it. */
const NEARLY_ALL = 0.9;
/** The target sends at least this much back for each packet it receives: a conversation. */
const CONVERSATION_SHARE = 0.2;
/** Where senders send about one packet each, all of which would be answered, the answers are at least so many. */
const SINGLES_ANSWERED_SHARE = 0.5;
const SINGLES_PER_SOURCE = 2;
/** A scan of ports stays below this, packets a second; beyond, whoever it is, the target drowns. */
const SCAN_PPS_MAX = 5000;
/** Answers at least this long are amplified; ordinary ones to a resolver are shorter, bytes. */
const AMPLIFIED_BYTES_MIN = 1000;
const WELL_KNOWN_PORTS = 1024;
/** Packets that open connections, beside those that keep them going, where there are readers. */
const OPENED_SHARE = 0.04;
/** A connection that is completed brings at least so many packets for its SYN: an acknowledgement, a request, an end. */
const ANSWERED_PER_SYN = 2;
/** Connections that a browser opens to one server at most: more in one second from each source is no crowd of readers. */
const CONNECTIONS_OF_BROWSER = 6;
/** Where so many of the packets come from senders to whom the target sends nothing, what it sends is no answer to them. */
const STRANGERS_SHARE = 0.5;

const bit = (trafficClass: number): number => 1 << trafficClass;
const SENT_TCP = ANSWERED_CLASSES | bit(CLASS.tcpSynAck) | bit(CLASS.tcpSyn) | bit(CLASS.tcpRst);
const SENT_UDP =
  bit(CLASS.udp) | bit(CLASS.udpService) | bit(CLASS.quic) | bit(CLASS.quicReply) | bit(CLASS.reflectorResponse);

/** Judges whether a group that is over its limit has the shape of an attack. Deterministic in the view. */
export function judge(view: View, features: Features): Judgement {
  if (PARAMETERS.shapeTests < 1) return { ...yes(view, features, 'the shape was not asked for'), clear: false };
  if (!view.isLookedAt)
    return { ...no('not-looked-at', 'too many others stood out further in the same second'), settled: false };
  switch (view.group.shape) {
    case 'syn':
      return judgeSyn(view, features);
    case 'synack':
      return judgeSynAck(view, features);
    case 'rst':
      return judgeRst(view, features);
    case 'ack':
    case 'tcp':
      return judgeTcp(view, features);
    case 'connection':
      return judgeConnections(view, features);
    case 'udp':
      return judgeUdp(view, features);
    case 'icmp':
      return judgeIcmp(view, features);
    case 'fragment':
    case 'ip':
      return judgeOneWay(view, features, 'packets of that protocol');
    case 'tunnel':
      return judgeOneWay(view, features, 'tunnel packets');
    case 'amplification':
      return judgeAmplification(view, features);
    case 'web-answers':
      return judgeWebAnswers(view, features);
    case 'dns-query':
      return judgeDnsQueries(view, features);
  }
}

const no = (kind: string, ...notes: string[]): Judgement => ({
  attack: false,
  clear: false,
  settled: true,
  kind,
  notes,
});

/** An attack; clear where a second more of it would tell nothing else. */
function yes(view: View, features: Features, ...notes: string[]): Judgement {
  return { attack: true, clear: isClear(view, features), settled: true, kind: view.group.vector, notes };
}

/** Many senders, to one address whose answers would be seen and are not; or what needs no view of the answers. */
function isClear(view: View, features: Features): boolean {
  const { shape, vector } = view.group;
  const looked = lookedAt(view.rates);
  // Of few packets that were sampled, each from a sender of its own, no more can be.
  const singles = isSampled(view.rates) && looked >= PARAMETERS.packetsSeenMin && features.sources >= 0.8 * looked;
  if (view.carpet || (features.sources < MANY_SOURCES && !singles)) return false;
  // Connections are completed by what comes in: whether SYN are answered is seen from one side too.
  if (view.replySeen || shape === 'syn') return true;
  if (shape === 'amplification') return vector !== 'dns-amplification';
  return shape !== 'dns-query' && features.sources >= FORGED_SOURCES && features.packetsPerSource < SINGLES_PER_SOURCE;
}

/**
 * So many times what is usual that it is an attack although the target answers. Of what was there before anybody watched nothing is
 * known as usual: how often it exceeds a floor says nothing there.
 */
function exceeds(view: View, times: number): boolean {
  return view.hasPast && view.excess >= times;
}

/** Most of the packets come from senders to whom the target sends nothing. */
function areStrangers(view: View): boolean {
  return view.replySeen && !isSampled(view.rates) && (view.answeredShare() ?? 1) < STRANGERS_SHARE;
}

function judgeSyn(view: View, features: Features): Judgement {
  const syn = view.rates.packets;
  const answered = view.node.sum(ANSWERED_CLASSES);
  const notes = [
    `${formatCount(answered)} packets on answered connections for ${formatCount(syn)} SYN`,
    fromSources(features),
  ];
  if (isScan(view, features)) return no('scan', portsNote(features), ...notes);
  if (answered < 0.5 * syn) return yes(view, features, ...notes);
  if (isSampled(view.rates)) {
    // Of a connection that was sampled its other packets hardly ever were: their number tells, and not who sent them.
    if (answered < ANSWERED_PER_SYN * syn) return yes(view, features, ...notes);
    return no('flash-crowd', 'connections are completed', ...notes);
  }
  // The target has other readers: are the senders of SYN among them?
  const overlap = answeredShare(view);
  if (overlap === undefined) return no('flash-crowd', 'connections are completed', ...notes);
  const note = `${formatShare(overlap)} of the SYN sources also complete connections`;
  return overlap < 0.5 ? yes(view, features, note, ...notes) : no('flash-crowd', note, ...notes);
}

/** Share of the group's sources that are also seen on completed connections; `undefined` where details are thin. */
function answeredShare(view: View): number | undefined {
  const { detail, answered } = view;
  if (detail === undefined || answered === undefined || view.detailShare < 0.5) return undefined;
  const both = detail.sources.slice();
  hllMerge(both, 0, answered.sources, 0, both.length);
  const left = hllEstimate(detail.sources, 0, SOURCES_PRECISION);
  const right = hllEstimate(answered.sources, 0, SOURCES_PRECISION);
  const union = hllEstimate(both, 0, SOURCES_PRECISION);
  return Math.max(0, Math.min(1, (left + right - union) / left));
}

function isScan(view: View, features: Features): boolean {
  if (view.rates.pps >= SCAN_PPS_MAX || features.rows === 0) return false;
  // Readers go on opening connections while somebody scans: it is his share that counts.
  if (features.topFourShare < NEARLY_ALL) return false;
  return view.carpet
    ? lookedAt(view.rates) * view.detailShare < 8 * features.addresses
    : hasRandomPorts(view, features);
}

/** Nearly every packet that was looked at goes to a port of its own, which no application does. */
function hasRandomPorts(view: View, features: Features): boolean {
  const samplingRate = 1 + view.rates.variance / Math.max(1, view.rates.packets);
  const looked = features.portPackets / samplingRate;
  return looked >= PORTS_LOOKED_MIN && features.dstPorts > features.randomPortsShare * Math.min(looked, PORTS_TOLD);
}

/** Nearly every one of the packets that were looked at comes from a port of its own. */
function hasOwnPorts(features: Features, looked: number): boolean {
  return features.srcPorts > features.randomPortsShare * Math.min(looked, PORTS_TOLD);
}

function judgeSynAck(view: View, features: Features): Judgement {
  const asked = view.sent(bit(CLASS.tcpSyn));
  if (view.replySeen && asked >= 0.3 * view.rates.packets && !areStrangers(view)) {
    return no('answers', `the target sent ${formatCount(asked)} SYN itself`);
  }
  if (features.sources < SEVERAL_SOURCES) return no('answers', fromSources(features));
  return yes(
    view,
    features,
    view.replySeen ? 'the target sent no SYN that these would answer' : oneWay,
    fromSources(features),
  );
}

function judgeRst(view: View, features: Features): Judgement {
  const sent = view.sent(SENT_TCP);
  if (view.replySeen && sent >= 0.3 * view.rates.packets && !areStrangers(view)) {
    return no('answers', `they answer ${formatCount(sent)} TCP packets that the target sent`);
  }
  if (features.sources < SEVERAL_SOURCES && view.excess < SINGLE_SOURCE_EXCESS)
    return no('answers', fromSources(features));
  return yes(view, features, fromSources(features));
}

function judgeTcp(view: View, features: Features): Judgement {
  const packets = view.rates.packets;
  const odd = view.node.packets[CLASS.tcpOdd];
  if (view.group.shape === 'tcp' && odd >= 0.5 * packets) {
    return yes(
      view,
      features,
      `${formatShare(odd / packets)} of the packets carry flags that no connection has`,
      fromSources(features),
    );
  }
  const sent = view.sent(SENT_TCP & ~bit(CLASS.tcpRst));
  const strangers = view.replySeen && sent >= 0.1 * packets && areStrangers(view);
  if (view.replySeen && sent >= 0.1 * packets && !singlesUnanswered(view, features, sent) && !strangers) {
    return no('download', `the target answers with ${formatCount(sent)} packets for ${formatCount(packets)}`);
  }
  // Under sampling a packet is nearly always the only one seen of its connection, so that its own port says nothing.
  // Connections that are opened and closed leave their SYN and FIN among the ACKs; a flood of ACKs has neither.
  const syn = view.node.packets[CLASS.tcpSyn];
  const fin = view.node.packets[CLASS.tcpFin];
  if (syn >= OPENED_SHARE * packets && fin >= 0.3 * syn && !strangers) {
    return no(
      'flash-crowd',
      `${formatCount(syn)} connections opened and ${formatCount(fin)} closed`,
      fromSources(features),
    );
  }
  const ownPorts = hasOwnPorts(features, features.portPackets);
  // Where the answers of the target are seen and are none to these, those that were looked at count, not those that they stand for.
  const perSource = view.replySeen
    ? (lookedAt(view.rates) * view.detailShare) / features.sources
    : features.packetsPerSource;
  const fromService = features.topSrcPortShare >= 0.5 && features.topSrcPort < WELL_KNOWN_PORTS;
  // Who loads from many servers has a port for each of them; what many reflect goes to one.
  const reflected = fromService && features.sources >= MANY_SOURCES && features.topDstPortShare >= 0.5;
  if (!ownPorts && !reflected && (features.sources < MANY_SOURCES || !(perSource <= 20))) {
    return no('download', 'few senders with many packets each, as on established connections', fromSources(features));
  }
  if (fromService && features.sources >= MANY_SOURCES) {
    const note = `${formatShare(features.topSrcPortShare)} come from port ${features.topSrcPort} of servers that the target did not ask`;
    return { ...yes(view, features, note, fromSources(features)), kind: 'tcp-amplification' };
  }
  return yes(
    view,
    features,
    ownPorts ? 'nearly every packet has a source port of its own' : 'sources send a few packets each',
    fromSources(features),
  );
}

function judgeConnections(view: View, features: Features): Judgement {
  const connections = view.rates.flows;
  const answered = view.node.sum(ANSWERED_CLASSES);
  if (answered < 0.5 * connections) return no('unanswered', 'connections are not completed; judged as SYN');
  const perSource = (connections * view.detailShare) / Math.max(1, features.sources);
  const note = `${perSource.toFixed(1)} connections a second from each of ${formatCount(features.sources)} sources`;
  if (!exceeds(view, SINGLE_SOURCE_EXCESS)) {
    if (features.sources <= 2 || features.topSourceShare >= NEARLY_ALL || isOneAmongReaders(view, features)) {
      // It is no attack, and nothing that is usual either, but where it was there before.
      const settled = !view.hasPast;
      return { ...no('load-test', `${formatShare(features.topSourceShare)} from one source`, note), settled };
    }
    // A handful of proxies or load balancers bring a site all its readers.
    if (features.sources < SEVERAL_SOURCES) return no('proxies', note);
    if (view.knownSources) return no('proxies', 'the sources are those of peace', note);
  }
  if (features.sources < SEVERAL_SOURCES || perSource > CONNECTIONS_OF_BROWSER) return yes(view, features, note);
  // The sites of a prefix have readers in common, who go from one to the other.
  if (view.carpet) return no('flash-crowd', note);
  // One of many targets that are as busy from the first second on: a network that is busy, and none of it more than the rest.
  const unsure = !view.hasPast || (view.isFresh && view.excess < PARAMETERS.freshExcess);
  if (unsure && view.shareOfAll < COLD_SHARE_MIN)
    return { ...no('flash-crowd', 'they were there before, as were those of other targets', note), settled: true };
  const comeBack = view.comeBack();
  const share = comeBack?.share ?? 0;
  if (share < PARAMETERS.comeBackShare) return { ...no('flash-crowd', note), settled: comeBack?.settled ?? true };
  return yes(view, features, `${formatShare(share)} of them connected in the seconds before too`, note);
}

/** Without the source that sends most there are not too many connections, and none of the others makes more than a browser does. */
function isOneAmongReaders(view: View, { sources, topSourceShare }: Features): boolean {
  const others = 1 - topSourceShare;
  const perOther = (others * view.rates.flows * view.detailShare) / Math.max(1, sources - 1);
  return others * view.excess < 1 && perOther <= CONNECTIONS_OF_BROWSER;
}

function judgeUdp(view: View, features: Features): Judgement {
  const packets = view.rates.packets;
  const sent = view.sent(SENT_UDP);
  const answers = sent >= CONVERSATION_SHARE * packets && !singlesUnanswered(view, features, sent);
  if (view.replySeen && answers && !exceeds(view, SINGLE_SOURCE_EXCESS) && !areStrangers(view)) {
    return no('conversation', `the target answers with ${formatCount(sent)} packets for ${formatCount(packets)}`);
  }
  // No stream takes another port of its own, or of the target, for every packet.
  const looked = features.portPackets / (1 + view.rates.variance / Math.max(1, packets));
  const ownPorts = looked >= PORTS_LOOKED_MIN && hasOwnPorts(features, looked);
  const randomPorts = hasRandomPorts(view, features);
  if (ownPorts && !randomPorts && features.sources < MANY_SOURCES) {
    return yes(view, features, 'nearly every packet has a source port of its own', fromSources(features));
  }
  if (features.sources < MANY_SOURCES && !randomPorts && view.excess < SINGLE_SOURCE_EXCESS) {
    return no('stream', 'few senders to few ports, as a stream or a collector has', fromSources(features));
  }
  return yes(
    view,
    features,
    randomPorts ? portsNote(features) : fromSources(features),
    view.replySeen ? `${formatCount(sent)} packets back` : oneWay,
  );
}

/** Senders of one packet each, whom the target does not answer: what it sends belongs to others, that it also talks to. */
function singlesUnanswered(view: View, features: Features, sent: number): boolean {
  return (
    features.sources >= MANY_SOURCES &&
    features.packetsPerSource < SINGLES_PER_SOURCE &&
    sent < SINGLES_ANSWERED_SHARE * view.rates.packets
  );
}

function judgeIcmp(view: View, features: Features): Judgement {
  const errors = view.node.packets[CLASS.icmpError];
  const sent = view.sent(SENT_TCP | SENT_UDP);
  if (errors >= 0.5 * view.rates.packets && view.replySeen && sent >= 0.5 * errors) {
    return no('answers', `ICMP errors answer ${formatCount(sent)} packets that the target sent`);
  }
  // Monitors, and those whom they watch, ask each other all day long.
  if (view.knownSources && view.excess < PARAMETERS.suddenFactor) {
    return no('known-senders', 'the sources are those of peace', fromSources(features));
  }
  return yes(view, features, fromSources(features), `mean ${features.meanBytes.toFixed(0)} bytes`);
}

/** Fragments, tunnels, other protocols: peers that talk with each other are few and answer. */
function judgeOneWay(view: View, features: Features, what: string): Judgement {
  const packets = view.rates.packets;
  const sent = view.sent(view.group.classes);
  if (view.replySeen && sent >= CONVERSATION_SHARE * packets && !areStrangers(view)) {
    return no('conversation', `the target sends ${formatCount(sent)} ${what} for ${formatCount(packets)}`);
  }
  const needed = view.group.shape === 'tunnel' ? SINGLE_SOURCE_EXCESS : view.group.shape === 'fragment' ? 5 : 1;
  if (features.sources < SEVERAL_SOURCES && view.excess < needed) return no('stream', fromSources(features));
  return yes(view, features, fromSources(features), view.replySeen ? 'nothing of the kind goes back' : oneWay);
}

function judgeAmplification(view: View, features: Features): Judgement {
  const service = view.group.service ?? 'UDP';
  const asked = view.sent(view.group.requests ?? 0);
  if (view.replySeen && asked >= 0.3 * view.rates.packets && !areStrangers(view)) {
    return no(
      'answers',
      `the target asked: ${formatCount(asked)} requests for ${formatCount(view.rates.packets)} answers`,
    );
  }
  const fragments = view.node.packets[CLASS.fragment];
  const bytes = view.rates.bytes + (fragments > 0 ? view.node.bytes[CLASS.fragment] : 0);
  const answerBytes = bytes / view.rates.packets;
  const fewPorts = features.dstPorts <= Math.max(8, 0.2 * view.rates.packets);
  const servicePort =
    features.topDstPortShare >= 0.3 && features.topDstPort < WELL_KNOWN_PORTS && features.topDstPort !== 53;
  const notes = [
    `${service} answers of ${answerBytes.toFixed(0)} bytes${fragments > 0 ? ' with their fragments' : ''}`,
    view.replySeen ? 'which the target did not ask for' : oneWay,
    fromSources(features),
  ];
  if (servicePort)
    notes.push(`${formatShare(features.topDstPortShare)} to port ${features.topDstPort}, which asks nobody`);
  if (features.sources < 3) return no('answers', ...notes);
  // Without a view of the other direction a busy resolver looks alike, but for long answers and its ever-changing ports.
  const resolver = view.group.vector === 'dns-amplification' && !view.replySeen && !fewPorts && !servicePort;
  if (resolver && answerBytes < AMPLIFIED_BYTES_MIN) return no('resolver', ...notes);
  return yes(view, features, ...notes);
}

/** Those who fetch pages over QUIC ask for them, each from a port of its own; what is reflected comes from many to one port, or unasked. */
function judgeWebAnswers(view: View, features: Features): Judgement {
  if (features.sources < MANY_SOURCES) return no('download', fromSources(features));
  const asked = view.sent(view.group.requests ?? 0);
  const answers = asked >= ASKED_FOR_PAGES_SHARE * view.rates.packets && !areStrangers(view);
  if (view.replySeen && answers) return no('download', `the target asked with ${formatCount(asked)} packets`);
  const onePort = features.topDstPortShare >= 0.5;
  if (!view.replySeen && !onePort) return no('download', oneWay, fromSources(features));
  return yes(
    view,
    features,
    `answers of ${features.meanBytes.toFixed(0)} bytes from port 443 over UDP`,
    view.replySeen ? 'which the target did not ask for' : oneWay,
    fromSources(features),
  );
}

function judgeDnsQueries(view: View, features: Features): Judgement {
  const replies = view.sent(bit(CLASS.dnsResponse));
  const answeredShareOf = replies / view.rates.packets;
  const notes = [fromSources(features)];
  if (view.replySeen) notes.unshift(`${formatShare(Math.min(1, answeredShareOf))} of the queries are answered`);
  if (view.replySeen && answeredShareOf > 0.7 && !exceeds(view, PARAMETERS.suddenFactor))
    return no('dns-burst', ...notes);
  return yes(view, features, ...notes);
}

const oneWay = 'traffic from the target is not seen';

function fromSources(features: Features): string {
  if (features.rows === 0) return 'sources not looked at';
  return `${formatCount(features.sources)} ${features.sources === 1 ? 'source' : 'sources'}`;
}

function portsNote(features: Features): string {
  return `about ${formatCount(Math.round(features.dstPorts))} different destination ports`;
}
