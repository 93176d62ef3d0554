import { FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_NONE } from '../model/flow-columns.ts';

/** IPv6 extension headers followed in one chain. RFC 8200 section 4.1 lists six kinds, one of which may occur twice. */
export const EXTENSION_HEADERS_MAX = 8;

const PROTO_HOP_BY_HOP = 0;
const PROTO_ROUTING = 43;
const PROTO_FRAGMENT = 44;
const PROTO_AH = 51;
const PROTO_DESTINATION = 60;
const PROTO_MOBILITY = 135;
const PROTO_HIP = 139;
const PROTO_SHIM6 = 140;

/** How a chain of extension headers ended. */
export const CHAIN_REACHED = 0;
/** Inside a header: the bytes ended. */
export const CHAIN_CUT = 1;
/** More headers than are followed. */
export const CHAIN_TOO_DEEP = 2;

/** Where a chain of extension headers led. */
export interface ExtensionChain {
  /** The upper layer, or the extension header at which the chain ended without reaching one. */
  proto: number;
  /** Offset of that header. */
  at: number;
  /** Extension headers passed. */
  count: number;
  /** FRAGMENT_…; of a later fragment the upper layer is named, but not there. */
  fragment: number;
}

/**
 * Follows the extension headers from `at` (RFC 8200 section 4; AH: RFC 4302; atomic fragments: RFC 6946). IPv4 has none of them
 * but AH. Returns how the chain ended.
 */
export function followExtensions(
  bytes: Uint8Array,
  at: number,
  end: number,
  proto: number,
  ipVersion: number,
  chain: ExtensionChain,
): number {
  chain.proto = proto;
  chain.at = at;
  chain.count = 0;
  chain.fragment = FRAGMENT_NONE;
  while (chain.fragment !== FRAGMENT_LATER && isExtension(chain.proto, ipVersion)) {
    if (chain.count === EXTENSION_HEADERS_MAX) return CHAIN_TOO_DEEP;
    const from = chain.at;
    if (end - from < 8) return CHAIN_CUT;
    const units = bytes[from + 1];
    const length = chain.proto === PROTO_FRAGMENT ? 8 : chain.proto === PROTO_AH ? (units + 2) << 2 : (units + 1) << 3;
    if (length > end - from) return CHAIN_CUT;
    if (chain.proto === PROTO_FRAGMENT) {
      const offset = (bytes[from + 2] << 8) | (bytes[from + 3] & 0xf8);
      // Offset 0 and no more to come is a whole packet.
      if (offset !== 0) chain.fragment = FRAGMENT_LATER;
      else if ((bytes[from + 3] & 1) === 1) chain.fragment = FRAGMENT_FIRST;
    }
    chain.proto = bytes[from];
    chain.at = from + length;
    chain.count++;
  }
  return CHAIN_REACHED;
}

/** True for a header behind which there are others. */
export function isExtension(proto: number, ipVersion: number): boolean {
  switch (proto) {
    case PROTO_AH:
      return true;
    case PROTO_HOP_BY_HOP:
    case PROTO_ROUTING:
    case PROTO_FRAGMENT:
    case PROTO_DESTINATION:
    case PROTO_MOBILITY:
    case PROTO_HIP:
    case PROTO_SHIM6:
      return ipVersion === 6;
    default:
      return false;
  }
}
