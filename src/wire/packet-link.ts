import { REJECT, type Rejections } from '../model/rejection.ts';

/**
 * Link layers: from a link type to where the IP header lies, through VLAN tags, MPLS labels, PPPoE and the like.
 * Link types: https://www.tcpdump.org/linktypes.html; EtherTypes: IEEE 802 numbers at IANA.
 */

/** What comes next: nothing that is followed, or IP. */
export const NEXT_NONE = 0;
export const NEXT_IPV4 = 1;
export const NEXT_IPV6 = 2;
/** From here on: what `resolve` follows until it is one of those above. */
export const NEXT_ETHERNET = 3;
export const NEXT_ETHERTYPE = 4;
export const NEXT_MPLS = 5;
export const NEXT_PPP = 6;
/** IPv4 or IPv6, as the version says. */
export const NEXT_IP = 7;

/** No link type: of packets whose interface was not described, and of samples without a header. */
export const LINK_UNKNOWN = 0xffff;
export const LINK_NULL = 0;
export const LINK_ETHERNET = 1;
export const LINK_PPP = 9;
export const LINK_MPLS = 219;
export const LINK_IPV4 = 228;
export const LINK_IPV6 = 229;
const LINK_RAW_BSD = 12;
const LINK_RAW_OPENBSD = 14;
const LINK_PPP_HDLC = 50;
const LINK_PPP_ETHERNET = 51;
const LINK_RAW = 101;
const LINK_CISCO_HDLC = 104;
const LINK_LOOP = 108;
const LINK_COOKED = 113;
const LINK_NFLOG = 239;
const LINK_COOKED_2 = 276;

const ETHER_IPV4 = 0x0800;
const ETHER_IPV6 = 0x86dd;
const ETHER_BRIDGED = 0x6558;
const ETHER_VLAN = 0x8100;
const ETHER_PPP = 0x880b;
const ETHER_MPLS = 0x8847;
const ETHER_MPLS_MULTICAST = 0x8848;
const ETHER_PPPOE = 0x8864;
const ETHER_PROVIDER_VLAN = 0x88a8;
const ETHER_BACKBONE_INSTANCE = 0x88e7;
const ETHER_VLAN_OLD = 0x9100;
const ETHER_VLAN_OLDER = 0x9200;

/** Up to here the field is the length of an IEEE 802.3 frame. */
const ETHER_LENGTH_MAX = 1500;

/** Headers followed in one link layer, tags and labels each counted as one. */
const LINK_HEADERS_MAX = 16;

export class LinkHeader {
  /** Offset of the IP header. */
  at = 0;
  /** EtherType behind the VLAN tags; -1 where the link layer has none. */
  etherType = -1;
  /** Outermost VLAN id; -1 where there is no tag. */
  vlan = -1;

  readonly #rejections: Rejections;

  constructor(rejections: Rejections) {
    this.#rejections = rejections;
  }

  /** Finds the IP header of a captured packet `bytes[at .. end - 1]`: NEXT_NONE, NEXT_IPV4 or NEXT_IPV6. */
  open(bytes: Uint8Array, at: number, end: number, linkType: number): number {
    this.etherType = -1;
    this.vlan = -1;
    switch (linkType) {
      case LINK_ETHERNET:
        return this.#follow(bytes, at, end, NEXT_ETHERNET, 0);
      case LINK_RAW_BSD:
      case LINK_RAW_OPENBSD:
      case LINK_RAW:
        return this.#follow(bytes, at, end, NEXT_IP, 0);
      case LINK_IPV4:
        return this.#found(NEXT_IPV4, at);
      case LINK_IPV6:
        return this.#found(NEXT_IPV6, at);
      case LINK_MPLS:
        return this.#follow(bytes, at, end, NEXT_MPLS, 0);
      case LINK_PPP:
      case LINK_PPP_HDLC:
        return this.#follow(bytes, at, end, NEXT_PPP, 0);
      case LINK_PPP_ETHERNET:
        return this.#follow(bytes, at, end, NEXT_ETHERTYPE, ETHER_PPPOE);
      case LINK_NULL:
      case LINK_LOOP:
        if (end - at < 4) return this.#refuse(REJECT['packet-truncated']);
        // The family is in the byte order of the machine that captured: one of the two halves is zero.
        return this.#family(at + 4, (bytes[at] << 8) | bytes[at + 1] | (bytes[at + 2] << 8) | bytes[at + 3]);
      case LINK_COOKED:
        if (end - at < 16) return this.#refuse(REJECT['packet-truncated']);
        return this.#follow(bytes, at + 16, end, NEXT_ETHERTYPE, (bytes[at + 14] << 8) | bytes[at + 15]);
      case LINK_COOKED_2:
        if (end - at < 20) return this.#refuse(REJECT['packet-truncated']);
        return this.#follow(bytes, at + 20, end, NEXT_ETHERTYPE, (bytes[at] << 8) | bytes[at + 1]);
      case LINK_CISCO_HDLC:
        if (end - at < 4) return this.#refuse(REJECT['packet-truncated']);
        return this.#follow(bytes, at + 4, end, NEXT_ETHERTYPE, (bytes[at + 2] << 8) | bytes[at + 3]);
      case LINK_NFLOG:
        return this.#nflog(bytes, at, end);
      default:
        return this.#refuse(REJECT['packet-link-unknown']);
    }
  }

  /** Finds the IP header inside a tunnel; `kind` is NEXT_…, `etherType` counts with NEXT_ETHERTYPE. */
  resolve(bytes: Uint8Array, at: number, end: number, kind: number, etherType: number): number {
    this.etherType = -1;
    this.vlan = -1;
    return this.#follow(bytes, at, end, kind, etherType);
  }

  #found(kind: number, at: number): number {
    this.at = at;
    return kind;
  }

  #refuse(reason: number): number {
    this.#rejections.count(reason);
    return NEXT_NONE;
  }

  /** AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on Darwin. */
  #family(at: number, family: number): number {
    // Folding the two halves of a little-endian family moves its low byte up.
    const value = family > 0xff ? family >>> 8 : family;
    if (value === 2) return this.#found(NEXT_IPV4, at);
    if (value === 10 || value === 24 || value === 28 || value === 30) return this.#found(NEXT_IPV6, at);
    return NEXT_NONE;
  }

  /**
   * NFLOG: 0 family  1 version  2 resource id, then attributes of 0 length  2 type  4 value, padded to four bytes, in the
   * byte order of the machine that captured. The packet is attribute 9 (NFULA_PAYLOAD).
   */
  #nflog(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 8) return this.#refuse(REJECT['packet-truncated']);
    for (let at = start + 4; at + 4 <= end; ) {
      const little = bytes[at] | (bytes[at + 1] << 8);
      const big = (bytes[at] << 8) | bytes[at + 1];
      const swapped = little < 4 || at + little > end;
      const length = swapped ? big : little;
      const type = swapped ? bytes[at + 3] : bytes[at + 2];
      if (length < 4) return this.#refuse(REJECT['packet-header-invalid']);
      // A packet cut by the snap length may end inside its payload attribute.
      if (type === 9) return this.#follow(bytes, at + 4, end, NEXT_IP, 0);
      at += (length + 3) & ~3;
    }
    return NEXT_NONE;
  }

  /** Follows headers until IP, or until there is nothing that is known. */
  #follow(bytes: Uint8Array, start: number, end: number, first: number, firstType: number): number {
    let at = start;
    let kind = first;
    let type = firstType;
    for (let headers = 0; headers < LINK_HEADERS_MAX; headers++) {
      switch (kind) {
        case NEXT_ETHERNET:
          if (end - at < 14) return this.#refuse(REJECT['packet-truncated']);
          type = (bytes[at + 12] << 8) | bytes[at + 13];
          at += 14;
          kind = NEXT_ETHERTYPE;
          break;
        case NEXT_ETHERTYPE:
          if (type <= ETHER_LENGTH_MAX) {
            // IEEE 802.2: only a SNAP header (aa aa 03 00 00 00) tells an EtherType.
            const snap =
              end - at >= 8 &&
              bytes[at] === 0xaa &&
              bytes[at + 1] === 0xaa &&
              bytes[at + 2] === 3 &&
              (bytes[at + 3] | bytes[at + 4] | bytes[at + 5]) === 0;
            if (!snap) {
              return NEXT_NONE;
            }
            type = (bytes[at + 6] << 8) | bytes[at + 7];
            at += 8;
            if (type <= ETHER_LENGTH_MAX) {
              return NEXT_NONE;
            }
          }
          if (
            type === ETHER_VLAN ||
            type === ETHER_PROVIDER_VLAN ||
            type === ETHER_VLAN_OLD ||
            type === ETHER_VLAN_OLDER
          ) {
            if (end - at < 4) return this.#refuse(REJECT['packet-truncated']);
            if (this.vlan < 0) this.vlan = ((bytes[at] << 8) | bytes[at + 1]) & 0xfff;
            type = (bytes[at + 2] << 8) | bytes[at + 3];
            at += 4;
            break;
          }
          if (this.etherType < 0) this.etherType = type;
          switch (type) {
            case ETHER_IPV4:
              return this.#found(NEXT_IPV4, at);
            case ETHER_IPV6:
              return this.#found(NEXT_IPV6, at);
            case ETHER_MPLS:
            case ETHER_MPLS_MULTICAST:
              kind = NEXT_MPLS;
              break;
            case ETHER_PPPOE:
              // 0 version, type  1 code (0: session)  2 session  4 length
              if (end - at < 6) return this.#refuse(REJECT['packet-truncated']);
              if (bytes[at + 1] !== 0) {
                return NEXT_NONE;
              }
              at += 6;
              kind = NEXT_PPP;
              break;
            case ETHER_PPP:
              kind = NEXT_PPP;
              break;
            case ETHER_BRIDGED:
              kind = NEXT_ETHERNET;
              break;
            case ETHER_BACKBONE_INSTANCE:
              // IEEE 802.1ah: the instance tag, then a whole Ethernet frame.
              at += 4;
              kind = NEXT_ETHERNET;
              break;
            default:
              return NEXT_NONE;
          }
          break;
        case NEXT_MPLS: {
          if (end - at < 4) return this.#refuse(REJECT['packet-truncated']);
          const bottom = (bytes[at + 2] & 1) === 1;
          at += 4;
          if (!bottom) break;
          if (end - at < 1) return this.#refuse(REJECT['packet-truncated']);
          // RFC 4928: what follows the labels is told by its first nibble; 0 is the control word of a pseudowire (RFC 4385).
          const nibble = bytes[at] >>> 4;
          if (nibble === 4 || nibble === 6) kind = NEXT_IP;
          else {
            if (nibble === 0) at += 4;
            kind = NEXT_ETHERNET;
          }
          break;
        }
        case NEXT_PPP: {
          if (end - at < 2) return this.#refuse(REJECT['packet-truncated']);
          // RFC 1662: address and control may be left out; RFC 1661: an odd first byte is a protocol of one byte.
          if (bytes[at] === 0xff && bytes[at + 1] === 3) at += 2;
          if (end - at < 2) return this.#refuse(REJECT['packet-truncated']);
          const short = (bytes[at] & 1) === 1;
          const protocol = short ? bytes[at] : (bytes[at] << 8) | bytes[at + 1];
          at += short ? 1 : 2;
          if (protocol === 0x21) return this.#found(NEXT_IPV4, at);
          if (protocol === 0x57) return this.#found(NEXT_IPV6, at);
          if (protocol !== 0x281) {
            return NEXT_NONE;
          }
          kind = NEXT_MPLS;
          break;
        }
        default: {
          if (end - at < 1) return this.#refuse(REJECT['packet-truncated']);
          const version = bytes[at] >>> 4;
          if (version === 4) return this.#found(NEXT_IPV4, at);
          if (version === 6) return this.#found(NEXT_IPV6, at);
          return this.#refuse(REJECT['packet-header-invalid']);
        }
      }
    }
    return this.#refuse(REJECT['packet-too-deep']);
  }
}
