import type { FlowBatch } from '../model/flow-batch.ts';
import {
  FRAGMENT_FIRST,
  FRAGMENT_LATER,
  FRAGMENT_NONE,
  HAS,
  LAYER_INNER,
  LAYER_OUTER,
  LAYER_QUOTED,
} from '../model/flow-columns.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import { CHAIN_CUT, CHAIN_TOO_DEEP, type ExtensionChain, followExtensions, isExtension } from './packet-extension.ts';
import { LINK_ETHERNET, LinkHeader, NEXT_ETHERNET, NEXT_IP, NEXT_IPV4, NEXT_MPLS, NEXT_NONE } from './packet-link.ts';
import { gre, type Inner, isTunnelPort, NEXT_CUT, udpTunnel } from './packet-tunnel.ts';
import {
  beginRow,
  HAS_IP,
  HAS_PORTS,
  HAS_TCP_FLAGS,
  PROTO_TCP,
  PROTO_UDP,
  USUAL_BYTES,
  udpPayload,
  usualPacket,
  writeUsual,
} from './packet-usual.ts';

/**
 * Packets to rows: one row for the packet, further ones for what it carries in tunnels or quotes in an ICMP error.
 *
 *   Ethernet  0 destination  6 source  12 EtherType
 *   IPv4      0 version, header length  1 TOS  2 total length  6 flags, offset  8 TTL  9 protocol  12 source  16 destination
 *   IPv6      0 version, class, label  4 payload length  6 next header  7 hop limit  8 source  24 destination
 *   TCP       0 source port  2 destination port  12 header length  13 flags
 *   UDP       0 source port  2 destination port  4 length
 *   ICMP      0 type  1 code  8 the packet that is quoted in an error
 */

/** Rows one packet can make: itself, and five headers inside. */
export const PACKET_ROWS_MAX = 6;

const PROTO_ICMP = 1;
const PROTO_IPIP = 4;
const PROTO_DCCP = 33;
const PROTO_IPV6 = 41;
const PROTO_GRE = 47;
const PROTO_ICMPV6 = 58;
const PROTO_ETHERIP = 97;
const PROTO_SCTP = 132;
const PROTO_UDPLITE = 136;
const PROTO_MPLS = 137;
const PROTO_ETHERNET = 143;

const HAS_ICMP = HAS.icmpType | HAS.icmpCode;
const HAS_ETHER_TYPE = HAS.etherType;
const HAS_VLAN = HAS.vlan;
const HAS_EXT_HEADERS = HAS.extHeaders;

/** Returned in place of what comes next where there was no IP header. */
const NOT_READ = -1;

const TRUNCATED = REJECT['packet-truncated'];
const INVALID = REJECT['packet-header-invalid'];

export class PacketDecoder {
  /** Where the payload of the first UDP header lies that is not quoted; -1 where there is none or it is a later fragment. */
  udpPayloadOffset = -1;
  /** Captured bytes of that payload. */
  udpPayloadLength = 0;
  /** Row of the batch that describes that UDP header. */
  udpRow = -1;
  /** Offset of the outermost IP header; -1 where there is none. */
  networkOffset = -1;

  readonly #rejections: Rejections;
  readonly #link: LinkHeader;

  readonly #chain: ExtensionChain = { proto: 0, at: 0, count: 0, fragment: FRAGMENT_NONE };
  readonly #inner: Inner = { at: 0, etherType: 0 };
  /** What lies inside the header that was read last: its offset, end, EtherType, and the layer of its row. */
  #nextAt = 0;
  #nextEnd = 0;
  #nextType = 0;
  #nextLayer = LAYER_INNER;
  /** The bytes decoded last, and a view of them. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** IP bytes of the header that was read last. */
  #ipBytes = 0;

  constructor(rejections: Rejections) {
    this.#rejections = rejections;
    this.#link = new LinkHeader(rejections);
  }

  /**
   * Appends one row for the packet, always, also where it is not IP or cannot be decoded (`ipVersion` 0), and rows for the
   * headers inside. `bytes` is the length on the wire in the first row, the IP length of its own in the others. Returns the
   * number of rows; the batch must have room for PACKET_ROWS_MAX.
   */
  decode(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    linkType: number,
    timeMs: number,
    batch: FlowBatch,
  ): number {
    this.udpPayloadOffset = -1;
    this.udpPayloadLength = 0;
    this.udpRow = -1;
    if (linkType === LINK_ETHERNET && capturedLength >= USUAL_BYTES) {
      if (bytes !== this.#bytes) {
        this.#bytes = bytes;
        this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
      const view = this.#view;
      const proto = usualPacket(view, offset, capturedLength);
      if (proto !== 0) {
        const row = batch.length;
        this.networkOffset = offset + 14;
        beginRow(batch, row, LAYER_OUTER, wireLength, timeMs);
        writeUsual(view, offset + 14, proto, row, batch);
        batch.length = row + 1;
        if (proto === PROTO_UDP) {
          this.udpPayloadOffset = offset + 42;
          this.udpPayloadLength = udpPayload(
            bytes,
            offset + 34,
            Math.min(offset + capturedLength, offset + 14 + ((bytes[offset + 16] << 8) | bytes[offset + 17])),
          );
          this.udpRow = row;
        }
        return 1;
      }
    }
    return this.#follow(bytes, offset, capturedLength, wireLength, linkType, timeMs, batch);
  }

  /** Any packet, header by header. */
  #follow(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    linkType: number,
    timeMs: number,
    batch: FlowBatch,
  ): number {
    const first = batch.length;
    const link = this.#link;
    let end = offset + capturedLength;
    let kind = link.open(bytes, offset, end, linkType);
    beginRow(batch, first, LAYER_OUTER, wireLength, timeMs);
    batch.present[first] = this.#writeLink(batch, first);
    batch.length = first + 1;
    this.networkOffset = kind === NEXT_NONE ? -1 : link.at;
    if (kind === NEXT_NONE) return 1;

    let next =
      kind === NEXT_IPV4
        ? this.#ipv4(bytes, link.at, end, first, LAYER_OUTER, batch)
        : this.#ipv6(bytes, link.at, end, first, LAYER_OUTER, batch);
    let rows = 1;
    while (next > NEXT_NONE) {
      const layer = this.#nextLayer;
      end = this.#nextEnd;
      kind = link.resolve(bytes, this.#nextAt, end, next, this.#nextType);
      if (kind === NEXT_NONE) break;
      if (rows === PACKET_ROWS_MAX) {
        this.#rejections.count(REJECT['packet-too-deep']);
        break;
      }
      const row = first + rows;
      beginRow(batch, row, layer, 0, timeMs);
      batch.present[row] = this.#writeLink(batch, row);
      next =
        kind === NEXT_IPV4
          ? this.#ipv4(bytes, link.at, end, row, layer, batch)
          : this.#ipv6(bytes, link.at, end, row, layer, batch);
      // What claims to be IP inside and is not makes no row.
      if (next === NOT_READ) break;
      batch.bytes[row] = this.#ipBytes;
      rows++;
    }
    batch.length = first + rows;
    return rows;
  }

  /** Columns of the link layer that was opened last; returns their bits. */
  #writeLink(batch: FlowBatch, row: number): number {
    let present = 0;
    if (this.#link.etherType >= 0) {
      batch.etherType[row] = this.#link.etherType;
      present = HAS_ETHER_TYPE;
    }
    if (this.#link.vlan >= 0) {
      batch.vlan[row] = this.#link.vlan;
      present |= HAS_VLAN;
    }
    return present;
  }

  /** RFC 791. Returns what comes next, or NOT_READ. */
  #ipv4(bytes: Uint8Array, at: number, end: number, row: number, layer: number, batch: FlowBatch): number {
    if (end - at < 20) {
      this.#cut(layer);
      return NOT_READ;
    }
    const headerLength = (bytes[at] & 15) << 2;
    if (bytes[at] >>> 4 !== 4 || headerLength < 20) {
      this.#rejections.count(INVALID);
      return NOT_READ;
    }
    const totalLength = (bytes[at + 2] << 8) | bytes[at + 3];
    const flags = (bytes[at + 6] << 8) | bytes[at + 7];
    const proto = bytes[at + 9];
    const word = row << 2;
    const { srcAddr, dstAddr } = batch;
    srcAddr[word] = 0;
    srcAddr[word + 1] = 0;
    srcAddr[word + 2] = 0xffff;
    srcAddr[word + 3] = (bytes[at + 12] << 24) | (bytes[at + 13] << 16) | (bytes[at + 14] << 8) | bytes[at + 15];
    dstAddr[word] = 0;
    dstAddr[word + 1] = 0;
    dstAddr[word + 2] = 0xffff;
    dstAddr[word + 3] = (bytes[at + 16] << 24) | (bytes[at + 17] << 16) | (bytes[at + 18] << 8) | bytes[at + 19];
    const fragment = (flags & 0x3fff) === 0 ? FRAGMENT_NONE : (flags & 0x1fff) === 0 ? FRAGMENT_FIRST : FRAGMENT_LATER;
    batch.ipVersion[row] = 4;
    batch.tos[row] = bytes[at + 1];
    batch.ttl[row] = bytes[at + 8];
    batch.proto[row] = proto;
    batch.fragment[row] = fragment;
    batch.present[row] |= HAS_IP;
    this.#ipBytes = totalLength;
    // Segmentation offload leaves the total length at 0: then the captured bytes are all there is to go by.
    let ipEnd = end;
    if (totalLength === 0) this.#ipBytes = end - at;
    else if (totalLength < headerLength) {
      this.#rejections.count(INVALID);
      return NEXT_NONE;
    } else if (at + totalLength < end) ipEnd = at + totalLength;
    if (fragment === FRAGMENT_LATER) return NEXT_NONE;
    if (ipEnd - at < headerLength) return this.#cut(layer);
    return this.#transport(bytes, at + headerLength, ipEnd, proto, row, layer, batch);
  }

  /** RFC 8200. Returns what comes next, or NOT_READ. */
  #ipv6(bytes: Uint8Array, at: number, end: number, row: number, layer: number, batch: FlowBatch): number {
    if (end - at < 40) {
      this.#cut(layer);
      return NOT_READ;
    }
    if (bytes[at] >>> 4 !== 6) {
      this.#rejections.count(INVALID);
      return NOT_READ;
    }
    const payloadLength = (bytes[at + 4] << 8) | bytes[at + 5];
    const { srcAddr, dstAddr } = batch;
    let from = at + 8;
    for (let word = row << 2; word < (row + 1) << 2; word++, from += 4) {
      srcAddr[word] = (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
      dstAddr[word] = (bytes[from + 16] << 24) | (bytes[from + 17] << 16) | (bytes[from + 18] << 8) | bytes[from + 19];
    }
    batch.ipVersion[row] = 6;
    batch.tos[row] = ((bytes[at] & 15) << 4) | (bytes[at + 1] >>> 4);
    batch.ttl[row] = bytes[at + 7];
    batch.fragment[row] = FRAGMENT_NONE;
    batch.proto[row] = bytes[at + 6];
    batch.present[row] |= HAS_IP;
    // A payload length of 0 is a jumbogram (RFC 2675) or segmentation offload, or nothing follows.
    const ipEnd = payloadLength === 0 ? end : Math.min(end, at + 40 + payloadLength);
    this.#ipBytes = payloadLength === 0 ? end - at : 40 + payloadLength;
    return this.#transport(bytes, at + 40, ipEnd, bytes[at + 6], row, layer, batch);
  }

  /** The upper layer at `at`, of protocol `proto`. Returns what comes next, as all below do. */
  #transport(
    bytes: Uint8Array,
    at: number,
    end: number,
    proto: number,
    row: number,
    layer: number,
    batch: FlowBatch,
  ): number {
    const length = end - at;
    switch (proto) {
      case PROTO_TCP:
        if (length < 4) return this.#cut(layer);
        batch.srcPort[row] = (bytes[at] << 8) | bytes[at + 1];
        batch.dstPort[row] = (bytes[at + 2] << 8) | bytes[at + 3];
        if (length < 14) {
          batch.present[row] |= HAS_PORTS;
          return this.#cut(layer);
        }
        batch.tcpFlags[row] = ((bytes[at + 12] & 1) << 8) | bytes[at + 13];
        batch.present[row] |= HAS_PORTS | HAS_TCP_FLAGS;
        return NEXT_NONE;
      case PROTO_UDP:
        return this.#udp(bytes, at, end, row, layer, batch);
      case PROTO_SCTP:
      case PROTO_DCCP:
      case PROTO_UDPLITE:
        if (length < 4) return this.#cut(layer);
        batch.srcPort[row] = (bytes[at] << 8) | bytes[at + 1];
        batch.dstPort[row] = (bytes[at + 2] << 8) | bytes[at + 3];
        batch.present[row] |= HAS_PORTS;
        return NEXT_NONE;
      case PROTO_ICMP:
      case PROTO_ICMPV6:
        return this.#icmp(bytes, at, end, proto, row, layer, batch);
      case PROTO_IPIP:
      case PROTO_IPV6:
        return this.#inside(NEXT_IP, at, end, 0, layer);
      case PROTO_GRE:
        return this.#carried(gre(bytes, at, end, this.#inner), end, layer);
      case PROTO_ETHERIP:
        return this.#inside(NEXT_ETHERNET, at + 2, end, 0, layer);
      case PROTO_MPLS:
        return this.#inside(NEXT_MPLS, at, end, 0, layer);
      case PROTO_ETHERNET:
        return this.#inside(NEXT_ETHERNET, at, end, 0, layer);
      default:
        if (!isExtension(proto, batch.ipVersion[row])) return NEXT_NONE;
        return this.#extensions(bytes, at, end, proto, row, layer, batch);
    }
  }

  /**
   * IPv6 extension headers (RFC 8200 section 4) and AH, which IPv4 has too (RFC 4302). `proto` becomes the upper layer that the
   * chain reaches; where it reaches none within its bound or its bytes, `proto` stays the extension header it ended at.
   */
  #extensions(
    bytes: Uint8Array,
    at: number,
    end: number,
    firstProto: number,
    row: number,
    layer: number,
    batch: FlowBatch,
  ): number {
    const chain = this.#chain;
    const ended = followExtensions(bytes, at, end, firstProto, batch.ipVersion[row], chain);
    batch.proto[row] = chain.proto;
    if (chain.fragment !== FRAGMENT_NONE) batch.fragment[row] = chain.fragment;
    if (chain.count > 0) {
      batch.extHeaders[row] = chain.count;
      batch.present[row] |= HAS_EXT_HEADERS;
    }
    if (ended === CHAIN_CUT) return this.#cut(layer);
    if (ended === CHAIN_TOO_DEEP) this.#rejections.count(REJECT['packet-too-deep']);
    if (ended === CHAIN_TOO_DEEP || chain.fragment === FRAGMENT_LATER) return NEXT_NONE;
    return this.#transport(bytes, chain.at, end, chain.proto, row, layer, batch);
  }

  /** RFC 768; the payload is remembered, since it may be telemetry, and followed where the port says tunnel. */
  #udp(bytes: Uint8Array, at: number, end: number, row: number, layer: number, batch: FlowBatch): number {
    if (end - at < 4) return this.#cut(layer);
    const dstPort = (bytes[at + 2] << 8) | bytes[at + 3];
    batch.srcPort[row] = (bytes[at] << 8) | bytes[at + 1];
    batch.dstPort[row] = dstPort;
    batch.present[row] |= HAS_PORTS;
    if (end - at < 8) return this.#cut(layer);
    if (layer === LAYER_QUOTED) return NEXT_NONE;
    const payloadLength = udpPayload(bytes, at, end);
    if (this.udpPayloadOffset < 0) {
      this.udpPayloadOffset = at + 8;
      this.udpPayloadLength = payloadLength;
      this.udpRow = row;
    }
    const payloadEnd = at + 8 + payloadLength;
    if (!isTunnelPort(dstPort)) return NEXT_NONE;
    return this.#carried(udpTunnel(bytes, at + 8, payloadEnd, dstPort, this.#inner), payloadEnd, layer);
  }

  /** RFC 792 and RFC 4443: errors quote the packet that caused them from byte 8 on. */
  #icmp(
    bytes: Uint8Array,
    at: number,
    end: number,
    proto: number,
    row: number,
    layer: number,
    batch: FlowBatch,
  ): number {
    if (end - at < 2) return this.#cut(layer);
    const type = bytes[at];
    batch.icmpType[row] = type;
    batch.icmpCode[row] = bytes[at + 1];
    batch.present[row] |= HAS_ICMP;
    const error =
      proto === PROTO_ICMP
        ? type === 3 || type === 4 || type === 5 || type === 11 || type === 12
        : type >= 1 && type <= 4;
    // Inside a quotation nothing is quoted again, and a flood of bare errors quotes nothing.
    if (!error || layer === LAYER_QUOTED || end - at <= 8) return NEXT_NONE;
    return this.#inside(NEXT_IP, at + 8, end, 0, LAYER_QUOTED);
  }

  /** What a tunnel header carries, as packet-tunnel.ts told it. */
  #carried(kind: number, end: number, layer: number): number {
    if (kind === NEXT_CUT) return this.#cut(layer);
    return kind === NEXT_NONE ? kind : this.#inside(kind, this.#inner.at, end, this.#inner.etherType, layer);
  }

  /** Notes where the next header lies; what is inside a quotation stays part of the quotation. */
  #inside(kind: number, at: number, end: number, etherType: number, layer: number): number {
    this.#nextAt = at;
    this.#nextEnd = end;
    this.#nextType = etherType;
    this.#nextLayer = layer === LAYER_QUOTED ? LAYER_QUOTED : LAYER_INNER;
    return kind;
  }

  /** The captured bytes end inside a header. A quotation is cut by design. */
  #cut(layer: number): number {
    if (layer !== LAYER_QUOTED) this.#rejections.count(TRUNCATED);
    return NEXT_NONE;
  }
}
