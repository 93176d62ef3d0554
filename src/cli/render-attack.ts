import { formatBps, formatBytes, formatCount, formatDuration, formatPps, formatShare } from '../base/units.ts';
import type { Attack } from '../model/attack.ts';
import { labelled, wrapText } from './layout.ts';
import { formatRps, isOfLog, webFacts } from './render-web-attack.ts';
import { renderChart } from './sparkline.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';

const LABEL_WIDTH = 11;
const CHART_COLUMNS_MAX = 60;
const SOURCES_SHOWN_MAX = 3;
const PORTS_SHOWN_MAX = 3;
const ORIGINS_SHOWN_MAX = 4;
/** Smaller shares of the traffic make no source worth naming. */
const SHARE_MIN = 0.005;

/** `12:00:01.250` of an ISO 8601 time. */
export function clockOf(time: string): string {
  return time.slice(11, 23);
}

/** `37,841`: every digit of a count, in groups. */
export function exact(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** How long the attack lasted; with the words for one that goes on at the end of the input. */
export function lastedText(attack: Attack): string {
  const duration =
    attack.end === undefined ? '' : formatDuration(Math.max(0, Date.parse(attack.end) - Date.parse(attack.start)));
  if (!attack.ongoing) return duration === '' ? 'unknown' : duration;
  return duration === '' ? 'goes on' : `${duration} so far`;
}

/** How long after its start it was detected. */
export function detectedText(attack: Attack): string {
  const delayMs = Date.parse(attack.detectedAt) - Date.parse(attack.start);
  return delayMs <= 0 ? 'at once' : `after ${formatDuration(delayMs)}`;
}

/**
 * Everything about one attack: heading (numbered where there are several), chart, why, evidence, closing. Lines without their ends.
 * Flow records are spoken of only where the input held telemetry: a captured packet counts as one, which tells nobody anything.
 */
export function renderAttack(attack: Attack, number: number | undefined, look: Look, telemetry: boolean): string[] {
  const paint = paintOf(look.colour);
  const lines = [...headingOf(attack, number, look, paint), ''];
  lines.push(...chartOf(attack, look, paint).map((line) => `  ${line}`), '');
  for (const [label, text] of factsOf(attack, telemetry)) {
    if (text === '') continue;
    for (const line of labelled(label, text, look.width - 2, LABEL_WIDTH)) {
      lines.push(`  ${paint.dim(line.slice(0, LABEL_WIDTH))}${line.slice(LABEL_WIDTH)}`);
    }
  }
  return lines;
}

function headingOf(attack: Attack, number: number | undefined, look: Look, paint: Paint): string[] {
  const kind = attack.target.kind === 'address' || attack.target.kind === 'prefix' ? '' : `${attack.target.kind} `;
  const words = [`${attack.vectors[0].name} on ${kind}${attack.target.value}`];
  if (attack.direction === 'out') words.push('leaving this network');
  if (attack.spread === 'carpet') words.push('spread over many addresses');
  if (attack.rhythm !== 'steady') words.push(attack.rhythm === 'pulse' ? 'in pulses' : 'rising slowly');
  const lines = wrapText(`── ${number === undefined ? '' : `${number} · `}${words.join(', ')}`, look.width);
  const last = lines[lines.length - 1];
  if (last.length + 2 <= look.width) lines[lines.length - 1] = `${last} ${'─'.repeat(look.width - last.length - 1)}`;
  return lines.map((line) => paint.bold(line));
}

function chartOf(attack: Attack, look: Look, paint: Paint): string[] {
  const bits = attack.evidence.measure === 'bps';
  const requests = isOfLog(attack);
  const values = requests ? (attack.timeline.rps ?? []) : bits ? attack.timeline.bps : attack.timeline.pps;
  if (values.length === 0) return ['(no rates by second are kept of it)'];
  const format = requests ? formatRps : bits ? formatBps : formatPps;
  const usual = requests ? attack.baseline.rps : bits ? attack.baseline.bps : attack.baseline.pps;
  const { stepMs } = attack.timeline;
  const fromMs = Date.parse(attack.timeline.from);
  const index = Math.floor((Date.parse(attack.detectedAt) - fromMs) / stepMs);
  const inside = index >= 0 && index < values.length;
  const chart = renderChart({
    values,
    width: Math.min(CHART_COLUMNS_MAX, look.width - 32),
    topLabel: format(Math.max(...values)),
    ...(usual === undefined ? {} : { usual: { value: usual, label: `usual ${format(usual)}` } }),
    ...(inside ? { mark: { index, label: `detected ${clockOf(attack.detectedAt)}` } } : {}),
    paintBars: paint.alarm,
  });
  const spanText = formatDuration(values.length * stepMs);
  const valueText = values.length === 1 ? 'one value' : `${exact(values.length)} values`;
  const captions = [
    `${valueText} of ${formatDuration(stepMs)} each: ${spanText} from ${clockOf(attack.timeline.from)}`,
  ];
  if (!inside) captions.push(`detected ${clockOf(attack.detectedAt)}, beyond this picture`);
  for (const caption of captions) chart.push(...wrapText(caption, look.width - 2).map(paint.dim));
  return chart;
}

function factsOf(attack: Attack, telemetry: boolean): [label: string, text: string][] {
  const { evidence } = attack;
  if (isOfLog(attack)) return [...webFacts(attack), ['origins', originsText(attack)], ['closing', attack.closing]];
  const facts: [string, string][] = [
    ['why', attack.why],
    ['vectors', attack.vectors.map(({ name, share }) => `${name} ${formatShare(share)}`).join(', ')],
    ['limit', limitText(attack)],
    ['usual', usualText(attack, telemetry)],
    ['volume', volumeText(attack, telemetry)],
    ['sources', sourcesText(attack)],
    ['ports', portsText(attack)],
  ];
  const origins = originsText(attack);
  if (origins !== '') facts.push(['origins', origins]);
  if (evidence.addresses !== undefined)
    facts.push(['addresses', `${exact(evidence.addresses)} attacked inside ${attack.target.value}`]);
  if (evidence.replyRatio !== undefined) {
    const replies = Number(evidence.replyRatio.toPrecision(2));
    facts.push(['replies', `${replies} ${replies === 1 ? 'packet' : 'packets'} sent back for each one received`]);
  }
  for (const [at, shape] of evidence.shape.entries()) facts.push([at === 0 ? 'shape' : '', shape]);
  if (evidence.web !== undefined) facts.push(...webFacts(attack).slice(1));
  facts.push(['closing', attack.closing]);
  return facts;
}

function limitText(attack: Attack): string {
  const { measure, observed, limit, limitFrom, cusum, at } = attack.evidence;
  const rate = (value: number): string =>
    measure === 'bps'
      ? formatBps(value)
      : measure === 'pps'
        ? formatPps(value)
        : `${formatCount(value)} flow records/s`;
  const from = {
    baseline: "the target's own baseline",
    floor: 'the floor of the vector',
    configured: 'the configuration',
  };
  const how = cusum ? 'a slow rise, summed up,' : 'this';
  return `${rate(observed)} in the second ${clockOf(at).slice(0, 8)}; ${how} broke the limit of ${rate(limit)} set by ${from[limitFrom]}`;
}

function usualText(attack: Attack, telemetry: boolean): string {
  const { bps, pps, fps, learnedSeconds } = attack.baseline;
  const rates = [
    ...(pps === undefined ? [] : [formatPps(pps)]),
    ...(bps === undefined ? [] : [formatBps(bps)]),
    ...(fps === undefined || !telemetry ? [] : [`${formatCount(fps)} flow records/s`]),
  ];
  if (rates.length === 0) return 'not learned: the input starts too close to the attack';
  return `${rates.join(', ')}, learned over ${formatDuration(learnedSeconds * 1000)}; at the peak ${formatPps(attack.peak.pps)}, ${formatBps(attack.peak.bps)}`;
}

function volumeText(attack: Attack, telemetry: boolean): string {
  const { packets, bytes, flows, samplingError, packetBytes } = attack.evidence;
  const parts = [`${exact(packets)} packets, ${formatBytes(bytes)}, ${exact(packetBytes)} bytes a packet`];
  if (telemetry && flows > 0) parts.push(`from ${exact(flows)} flow records`);
  if (samplingError > 0) parts.push(`sampling leaves ± ${formatShare(samplingError)}`);
  return parts.join('; ');
}

function sourcesText(attack: Attack): string {
  const { distinct, distinctError, top, spoofed } = attack.sources;
  // The error of an estimate is told where it is at least one address.
  const estimated = distinct * distinctError >= 1;
  const estimate = estimated ? `about ${exact(distinct)} (± ${formatShare(distinctError)})` : exact(distinct);
  const spoofing = {
    likely: 'forged by the look of them',
    unlikely: 'not forged by the look of them',
    unknown: 'forged or not is unknown',
  };
  const parts = [`${estimate} ${Math.round(distinct) === 1 ? 'address' : 'addresses'}, ${spoofing[spoofed]}`];
  if (attack.evidence.newSources !== undefined) {
    parts.push(`${formatShare(attack.evidence.newSources)} not seen here before`);
  }
  if (top.length > 0) parts.push(largestText(top));
  const ttls = attack.evidence.ttlsDistinct;
  if (ttls !== undefined) parts.push(ttls === 1 ? 'all with one TTL' : `${exact(ttls)} different TTLs`);
  return parts.join('; ');
}

/** Countries and autonomous systems that the packets came from, as far as that is known. */
function originsText({ sources: { countries = [], asns = [] } }: Attack): string {
  const told = (shares: readonly (readonly [name: string, share: number])[]): string =>
    shares
      .filter(([, share]) => share >= SHARE_MIN)
      .slice(0, ORIGINS_SHOWN_MAX)
      .map(([name, share]) => `${name} ${formatShare(share)}`)
      .join(', ');
  const places = told(countries.map(({ country, share }) => [country, share]));
  const systems = told(asns.map(({ asn, name, share }) => [`AS${asn}${name === undefined ? '' : ` ${name}`}`, share]));
  return [places, systems].filter((text) => text !== '').join('; ');
}

/** The largest sources; where none stands out, how little the largest has. */
function largestText(top: Attack['sources']['top']): string {
  if (top[0].share < SHARE_MIN) return `the largest has ${formatShare(top[0].share)}`;
  const named = top.filter(({ share }) => share >= SHARE_MIN).slice(0, SOURCES_SHOWN_MAX);
  return `largest ${named.map(sourceText).join(', ')}`;
}

function sourceText(source: Attack['sources']['top'][number]): string {
  const place = [source.country, source.asn === undefined ? undefined : `AS${source.asn}`].filter(Boolean).join(' ');
  return `${source.addr}${place === '' ? '' : ` (${place})`} ${formatShare(source.share)}`;
}

function portsText(attack: Attack): string {
  const { srcPorts, dstPorts, srcPortsDistinct, dstPortsDistinct } = attack.evidence;
  if (srcPorts.length === 0 && dstPorts.length === 0) return 'none';
  const side = (word: string, ports: readonly { port: number; share: number }[], distinct: number): string => {
    const shown = ports.slice(0, PORTS_SHOWN_MAX);
    const named = shown.map(({ port, share }) => `${port} (${formatShare(share)})`).join(', ');
    return `${word} ${named}${distinct > shown.length ? `, ${exact(distinct)} different` : ''}`;
  };
  const sides: string[] = [];
  if (dstPorts.length > 0) sides.push(side('to', dstPorts, dstPortsDistinct));
  if (srcPorts.length > 0) sides.push(side('from', srcPorts, srcPortsDistinct));
  return sides.join('; ');
}
