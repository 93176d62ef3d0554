import { NEXT_ETHERNET, NEXT_ETHERTYPE, NEXT_IP, NEXT_NONE } from './packet-link.ts';

/**
 * Tunnel headers. Each function reads the header at `at` of a packet that ends at `end`, and returns what it carries (NEXT_…),
 * which then lies at `inner.at`; NEXT_CUT where the bytes end inside the header.
 */
export interface Inner {
  at: number;
  /** EtherType; counts with NEXT_ETHERTYPE. */
  etherType: number;
}

export const NEXT_CUT = -2;

const PORT_GTP_U = 2152;
const PORT_VXLAN = 4789;
const PORT_VXLAN_GPE = 4790;
const PORT_GENEVE = 6081;
/** VXLAN before it had a port of its own; the default of Linux. */
const PORT_VXLAN_LINUX = 8472;

const ETHER_ERSPAN_2 = 0x88be;
const ETHER_ERSPAN_3 = 0x22eb;

/** GTP-U extension headers followed. */
const GTP_EXTENSIONS_MAX = 8;

/** True for a UDP port of a tunnel that `udpTunnel` follows. */
export function isTunnelPort(port: number): boolean {
  switch (port) {
    case PORT_GTP_U:
    case PORT_VXLAN:
    case PORT_VXLAN_GPE:
    case PORT_VXLAN_LINUX:
    case PORT_GENEVE:
      return true;
    default:
      return false;
  }
}

/** What a UDP payload to this port carries. */
export function udpTunnel(bytes: Uint8Array, at: number, end: number, port: number, inner: Inner): number {
  switch (port) {
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX:
    case PORT_VXLAN_GPE:
      return vxlan(bytes, at, end, port, inner);
    case PORT_GENEVE:
      return geneve(bytes, at, end, inner);
    case PORT_GTP_U:
      return gtp(bytes, at, end, inner);
    default:
      return NEXT_NONE;
  }
}

/**
 * GRE (RFC 2784, 2890): 0 flags (C 0x8000, R 0x4000, K 0x2000, S 0x1000, version)  2 EtherType, then 4 bytes for each of
 * C or R, K, S. Version 1 (PPTP, RFC 2637): K always; S, A 4 bytes each.
 */
export function gre(bytes: Uint8Array, at: number, end: number, inner: Inner): number {
  if (end - at < 4) return NEXT_CUT;
  const flags = (bytes[at] << 8) | bytes[at + 1];
  const type = (bytes[at + 2] << 8) | bytes[at + 3];
  const version = flags & 7;
  if (version > 1 || (flags & 0x4000) !== 0) return NEXT_NONE;
  let from = at + 4;
  if ((flags & 0x8000) !== 0) from += 4;
  if ((flags & 0x2000) !== 0) from += 4;
  if ((flags & 0x1000) !== 0) from += 4;
  if (version === 1 && (flags & 0x80) !== 0) from += 4;
  if (from > end) return NEXT_CUT;
  if (from === end) return NEXT_NONE;
  // ERSPAN (draft-foschiano-erspan): type I has no header, and no sequence number in GRE; II has 8 bytes, III 12 and maybe 8.
  if (type === ETHER_ERSPAN_2) {
    return inside(NEXT_ETHERNET, (flags & 0x1000) === 0 ? from : from + 8, 0, inner);
  }
  if (type === ETHER_ERSPAN_3) {
    if (end - from < 12) return NEXT_CUT;
    return inside(NEXT_ETHERNET, from + ((bytes[from + 11] & 1) === 0 ? 12 : 20), 0, inner);
  }
  return inside(NEXT_ETHERTYPE, from, type, inner);
}

/** VXLAN (RFC 7348): 0 flags (I 0x08)  4 network id; GPE (draft-ietf-nvo3-vxlan-gpe): 3 next protocol where P (0x04) is set. */
function vxlan(bytes: Uint8Array, at: number, end: number, port: number, inner: Inner): number {
  if (end - at <= 8 || (bytes[at] & 8) === 0) return NEXT_NONE;
  const next = port === PORT_VXLAN_GPE && (bytes[at] & 4) !== 0 ? bytes[at + 3] : 3;
  if (next === 1 || next === 2) return inside(NEXT_IP, at + 8, 0, inner);
  return next === 3 ? inside(NEXT_ETHERNET, at + 8, 0, inner) : NEXT_NONE;
}

/** GENEVE (RFC 8926): 0 version, option length in 4 bytes  2 EtherType  4 network id  8 options. */
function geneve(bytes: Uint8Array, at: number, end: number, inner: Inner): number {
  if (end - at <= 8 || bytes[at] >>> 6 !== 0) return NEXT_NONE;
  const from = at + 8 + ((bytes[at] & 0x3f) << 2);
  if (from >= end) return NEXT_NONE;
  return inside(NEXT_ETHERTYPE, from, (bytes[at + 2] << 8) | bytes[at + 3], inner);
}

/**
 * GTP-U (3GPP TS 29.281 section 5): 0 version 1, PT, E, S, PN  1 type (255: a user packet)  2 length  4 tunnel id, and with
 * any of E, S, PN  8 sequence  10 N-PDU  11 next extension; an extension is 0 length in 4 bytes … its last byte the next.
 */
function gtp(bytes: Uint8Array, at: number, end: number, inner: Inner): number {
  if (end - at <= 8 || (bytes[at] & 0xf0) !== 0x30 || bytes[at + 1] !== 255) return NEXT_NONE;
  let from = at + 8;
  if ((bytes[at] & 7) !== 0) {
    from += 4;
    let extension = (bytes[at] & 4) !== 0 && from <= end ? bytes[from - 1] : 0;
    for (let count = 0; extension !== 0 && count < GTP_EXTENSIONS_MAX; count++) {
      const length = from < end ? bytes[from] << 2 : 0;
      if (length === 0 || from + length > end) return NEXT_NONE;
      from += length;
      extension = bytes[from - 1];
    }
    if (extension !== 0) return NEXT_NONE;
  }
  if (from >= end) return NEXT_NONE;
  return inside(NEXT_IP, from, 0, inner);
}

function inside(kind: number, at: number, etherType: number, inner: Inner): number {
  inner.at = at;
  inner.etherType = etherType;
  return kind;
}
