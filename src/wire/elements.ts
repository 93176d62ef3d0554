import { formatAddress, formatIpv4, IPV4_MAPPED_WORD } from '../base/ip.ts';
import { ENTERPRISE_ELEMENTS, NETFLOW9_ELEMENTS } from './elements-enterprise.ts';
import { IANA_ELEMENTS } from './elements-iana.ts';

/** Abstract data types of RFC 7012 section 3.1, with the widths of numbers left out: templates tell the length. */
export type ElementType =
  | 'unsigned'
  | 'signed'
  | 'float'
  | 'boolean'
  | 'ipv4'
  | 'ipv6'
  | 'mac'
  | 'string'
  | 'octets'
  | 'dateTimeSeconds'
  | 'dateTimeMilliseconds'
  | 'dateTimeMicroseconds'
  | 'dateTimeNanoseconds';

/** An information element as far as decoding needs it. */
export interface Element {
  readonly name: string;
  readonly type: ElementType;
}

/** Private enterprise number of reverse elements of biflows (RFC 5103 section 6.1). */
export const REVERSE_PEN = 29305;
/** CERT marks reverse elements by a bit in the id. */
const CERT_PEN = 6871;
const CERT_REVERSE_BIT = 0x4000;
/** Stands in the place of an enterprise number for elements that only NetFlow v9 knows. */
export const NETFLOW9_PEN = -9;
/** Stands in the place of an enterprise number for the scope fields of NetFlow v9 options (RFC 3954 section 6.1). */
export const NETFLOW9_SCOPE_PEN = -10;
const SCOPE_NAMES = ['scope', 'scopeSystem', 'scopeInterface', 'scopeLineCard', 'scopeCache', 'scopeTemplate'];

type ElementText = Readonly<Partial<Record<ElementType, string>>>;

let elementByKey: Map<string, Element> | undefined;

function allElements(): Map<string, Element> {
  if (elementByKey !== undefined) return elementByKey;
  const map = new Map<string, Element>();
  const add = (pen: number, text: ElementText): void => {
    for (const [type, words] of Object.entries(text)) {
      for (const word of words.trim().split(/\s+/)) {
        const [id, name] = word.split(':');
        map.set(`${pen}.${id}`, { name, type: type as ElementType });
      }
    }
  };
  add(0, IANA_ELEMENTS);
  add(NETFLOW9_PEN, NETFLOW9_ELEMENTS);
  for (const [pen, text] of Object.entries(ENTERPRISE_ELEMENTS)) add(Number(pen), text);
  elementByKey = map;
  return map;
}

/**
 * The element with this id. `pen` is the enterprise number, 0 for IANA, or `NETFLOW9_PEN`, which tries the elements that only
 * NetFlow v9 has and then IANA's. Unknown ones are named `pen.id` (`field_id` in NetFlow v9), with octets for a value.
 */
export function elementOf(pen: number, id: number): Element {
  const elements = allElements();
  const found = elements.get(`${pen}.${id}`);
  if (found !== undefined) return found;
  if (pen === NETFLOW9_SCOPE_PEN) {
    return { name: id < SCOPE_NAMES.length ? SCOPE_NAMES[id] : `scope_${id}`, type: 'unsigned' };
  }
  if (pen === NETFLOW9_PEN) return elements.get(`0.${id}`) ?? { name: `field_${id}`, type: 'octets' };
  if (pen === REVERSE_PEN) {
    const forward = elements.get(`0.${id}`);
    if (forward !== undefined) return reversed(forward);
  }
  if (pen === CERT_PEN && (id & CERT_REVERSE_BIT) !== 0) {
    const forward = elements.get(`${pen}.${id ^ CERT_REVERSE_BIT}`);
    if (forward !== undefined) return reversed(forward);
  }
  return { name: pen === 0 ? `field_${id}` : `${pen}.${id}`, type: 'octets' };
}

function reversed(forward: Element): Element {
  return { name: `reverse${forward.name.charAt(0).toUpperCase()}${forward.name.slice(1)}`, type: forward.type };
}

/** Seconds from 1900 (NTP) to 1970. */
export const NTP_UNIX_SECONDS = 2_208_988_800;
/** NTP seconds below this lie in the era that begins in 2036 (RFC 4330 section 3). */
export const NTP_ERA_SPLIT = 0x80000000;

/**
 * The value of an element from its bytes, for people and JSON: numbers, bigint beyond 2^53, text, ISO 8601 times, hex. A
 * length that the type cannot have gives hex. The caller guarantees that `at + length` lies in `bytes`.
 */
export function elementValue(bytes: Uint8Array, at: number, length: number, type: ElementType): unknown {
  switch (type) {
    case 'unsigned':
      return length >= 1 && length <= 8 ? unsignedValue(bytes, at, length) : hexValue(bytes, at, length);
    case 'signed':
      return length >= 1 && length <= 8 ? signedValue(bytes, at, length) : hexValue(bytes, at, length);
    case 'float': {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
      if (length === 4) return view.getFloat32(0);
      return length === 8 ? view.getFloat64(0) : hexValue(bytes, at, length);
    }
    case 'boolean':
      // RFC 7011 section 6.1.5: 1 is true, 2 is false, nothing else.
      return length === 1 && (bytes[at] === 1 || bytes[at] === 2) ? bytes[at] === 1 : hexValue(bytes, at, length);
    case 'ipv4':
      return length === 4 ? formatIpv4(unsignedNumber(bytes, at, 4)) : hexValue(bytes, at, length);
    case 'ipv6':
      return length === 16 ? ipv6Text(bytes, at) : hexValue(bytes, at, length);
    case 'mac':
      return length === 6 ? macText(bytes, at) : hexValue(bytes, at, length);
    case 'string':
      return stringValue(bytes, at, length);
    case 'octets':
      return hexValue(bytes, at, length);
    case 'dateTimeSeconds':
      return length >= 1 && length <= 8
        ? timeText(unsignedNumber(bytes, at, length) * 1000)
        : hexValue(bytes, at, length);
    case 'dateTimeMilliseconds':
      return length >= 1 && length <= 8 ? timeText(unsignedNumber(bytes, at, length)) : hexValue(bytes, at, length);
    case 'dateTimeMicroseconds':
    case 'dateTimeNanoseconds':
      return length === 8
        ? ntpText(bytes, at, type === 'dateTimeMicroseconds' ? 6 : 9)
        : length >= 1 && length <= 8
          ? unsignedValue(bytes, at, length)
          : hexValue(bytes, at, length);
  }
}

/** Big-endian unsigned integer of 1 to 8 bytes; exact to 2^53. */
export function unsignedNumber(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + bytes[at + index];
  return value;
}

function unsignedValue(bytes: Uint8Array, at: number, length: number): number | bigint {
  const value = unsignedNumber(bytes, at, length);
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  return BigInt(`0x${hexValue(bytes, at, length)}`);
}

function signedValue(bytes: Uint8Array, at: number, length: number): number | bigint {
  const value = BigInt.asIntN(8 * length, BigInt(`0x${hexValue(bytes, at, length)}`));
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

export function hexValue(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) text += bytes[at + index].toString(16).padStart(2, '0');
  return text;
}

function macText(bytes: Uint8Array, at: number): string {
  return (hexValue(bytes, at, 6).match(/../g) ?? []).join(':');
}

function ipv6Text(bytes: Uint8Array, at: number): string {
  const words = new Uint32Array(4);
  for (let word = 0; word < 4; word++) words[word] = unsignedNumber(bytes, at + 4 * word, 4);
  // A mapped address in an element for IPv6 is shown as what it is there.
  if (words[0] === 0 && words[1] === 0 && words[2] === IPV4_MAPPED_WORD) return `::ffff:${formatIpv4(words[3])}`;
  return formatAddress(words);
}

/** Text up to the first NUL: exporters fill fixed lengths with zeros. Bytes that are not UTF-8 become U+FFFD. */
function stringValue(bytes: Uint8Array, at: number, length: number): string {
  let end = at;
  while (end < at + length && bytes[end] !== 0) end++;
  return new TextDecoder().decode(bytes.subarray(at, end));
}

function timeText(timeMs: number): string | number {
  return timeMs <= 8.64e15 ? new Date(timeMs).toISOString() : timeMs;
}

/** The 64-bit NTP format of RFC 7011 sections 6.1.9 and 6.1.10, with `digits` decimals of a second. */
function ntpText(bytes: Uint8Array, at: number, digits: number): string {
  let seconds = unsignedNumber(bytes, at, 4);
  if (seconds < NTP_ERA_SPLIT) seconds += 0x100000000;
  const fraction = unsignedNumber(bytes, at + 4, 4) / 0x100000000;
  const decimals = Math.floor(fraction * 10 ** digits)
    .toString()
    .padStart(digits, '0');
  const whole = new Date((seconds - NTP_UNIX_SECONDS) * 1000).toISOString().slice(0, 19);
  return `${whole}.${decimals}Z`;
}
