import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from './flow-columns.ts';

/**
 * What kind of traffic a row is, from its headers alone. Every address keeps its counters by these classes, so that the make-up of
 * a target's traffic is exact in every second; detectors judge groups of classes.
 */
export const CLASS = {
  other: 0,
  tcpSyn: 1,
  tcpSynAck: 2,
  tcpRst: 3,
  /** Acknowledgements without payload. */
  tcpAck: 4,
  tcpData: 5,
  /** A flow record of a whole small connection towards its server: at most 16 packets and 4,000 bytes. */
  tcpSessionSmall: 6,
  tcpSession: 7,
  tcpFin: 8,
  /** Flag sets that no connection has: none at all, SYN with FIN, FIN without ACK. */
  tcpOdd: 9,
  udp: 10,
  quic: 11,
  quicReply: 12,
  dnsQuery: 13,
  dnsResponse: 14,
  ntpResponse: 15,
  memcachedResponse: 16,
  cldapResponse: 17,
  ssdpResponse: 18,
  chargenResponse: 19,
  snmpResponse: 20,
  /** From the source port of another service that is known to reflect. */
  reflectorResponse: 21,
  /** Towards such a service: a request, or a flood of it. */
  udpService: 22,
  icmp: 23,
  icmpError: 24,
  /** A fragment without a transport header. */
  fragment: 25,
  gre: 26,
  esp: 27,
} as const;

export const CLASS_COUNT = 28;

/** UDP services that answer more than they are asked, by port (US-CERT TA14-017A and later additions). */
export const REFLECTORS: ReadonlyMap<number, string> = new Map([
  [7, 'echo'],
  [17, 'quote of the day'],
  [19, 'chargen'],
  [53, 'DNS'],
  [69, 'TFTP'],
  [111, 'portmapper'],
  [123, 'NTP'],
  [137, 'NetBIOS'],
  [161, 'SNMP'],
  [177, 'XDMCP'],
  [389, 'CLDAP'],
  [427, 'SLP'],
  [500, 'ISAKMP'],
  [520, 'RIPv1'],
  [623, 'IPMI'],
  [1194, 'OpenVPN'],
  [1434, 'SQL Server'],
  [1604, 'Citrix'],
  [1701, 'L2TP'],
  [1900, 'SSDP'],
  [2362, 'ADDP'],
  [3283, 'Apple Remote Desktop'],
  [3389, 'RDP'],
  [3478, 'STUN'],
  [3702, 'WS-Discovery'],
  [4500, 'IPsec NAT traversal'],
  [4800, 'Moxa'],
  [5060, 'SIP'],
  [5093, 'Sentinel'],
  [5351, 'NAT-PMP'],
  [5353, 'mDNS'],
  [5678, 'MikroTik discovery'],
  [5683, 'CoAP'],
  [6881, 'BitTorrent'],
  [9987, 'TeamSpeak'],
  [10001, 'Ubiquiti discovery'],
  [10074, 'TP-240'],
  [11211, 'memcached'],
  [17185, 'VxWorks'],
  [20800, 'Call of Duty'],
  [27015, 'Source engine'],
  [27960, 'Quake 3'],
  [30718, 'Lantronix'],
  [32410, 'Plex'],
  [32414, 'Plex'],
  [33848, 'Jenkins'],
  [37810, 'Dahua DVR'],
  [41794, 'Crestron'],
  [47808, 'BACnet'],
]);

/** Class of a UDP row by its source port; 0 where the port is no reflector's. For kernels too. */
export const RESPONSE_CLASS = new Uint8Array(65536);
for (const port of REFLECTORS.keys()) RESPONSE_CLASS[port] = CLASS.reflectorResponse;
RESPONSE_CLASS[19] = CLASS.chargenResponse;
RESPONSE_CLASS[53] = CLASS.dnsResponse;
RESPONSE_CLASS[123] = CLASS.ntpResponse;
RESPONSE_CLASS[161] = CLASS.snmpResponse;
RESPONSE_CLASS[389] = CLASS.cldapResponse;
RESPONSE_CLASS[1900] = CLASS.ssdpResponse;
RESPONSE_CLASS[11211] = CLASS.memcachedResponse;

export const SESSION_SMALL_PACKETS_MAX = 16;
export const SESSION_SMALL_BYTES_MAX = 4000;
/** The longest frame that can be an acknowledgement without payload: Ethernet, IPv6, TCP with SACK and timestamps. */
export const ACK_BYTES_MAX = 100;
/** An NTP answer of an ordinary client or server is 48 bytes behind its headers; `monlist` and control answers are longer. */
export const NTP_ORDINARY_BYTES_MAX = 110;

/** Class of a TCP row. `flags` is the OR over the row's `packets`; `bytes` their sum. */
export function tcpClass(flags: number, srcPort: number, dstPort: number, packets: number, bytes: number): number {
  // What decides is five yes or no; the branches that a predictor would miss in mixed traffic are taken once, for the table.
  const single = packets <= 1;
  const thin = bytes <= (single ? ACK_BYTES_MAX : ACK_BYTES_MAX * packets);
  const small = packets <= SESSION_SMALL_PACKETS_MAX && bytes <= SESSION_SMALL_BYTES_MAX;
  return TCP_CLASSES[
    (flags & 0x3f) |
      (((dstPort - srcPort) >>> 31) << TOWARDS_SERVER) |
      (thin ? 1 << THIN : 0) |
      (small ? 1 << SMALL : 0) |
      (single ? 1 << SINGLE : 0)
  ];
}

/** Bits above the six flags in an index of `TCP_CLASSES`. */
export const TOWARDS_SERVER = 6;
export const THIN = 7;
export const SMALL = 8;
export const SINGLE = 9;

/** Class of a TCP row by what decides it; for kernels too. */
export const TCP_CLASSES = Uint8Array.from({ length: 1 << (SINGLE + 1) }, (_, index) => {
  const bits = index & 0x3f;
  const has = (bit: number): boolean => ((index >>> bit) & 1) !== 0;
  return has(SINGLE)
    ? tcpPacketClass(bits, has(THIN))
    : tcpRecordClass(bits, has(TOWARDS_SERVER), has(THIN), has(SMALL));
});

function tcpRecordClass(bits: number, towardsServer: boolean, thin: boolean, small: boolean): number {
  if ((bits & TCP_SYN) !== 0) {
    if ((bits & TCP_ACK) === 0) return CLASS.tcpSyn;
    // A connection that goes on without a push or an end shows the same flags, but carries something.
    const handshakeOnly = (bits & (TCP_FIN | TCP_RST | TCP_PSH)) === 0 && thin;
    if (handshakeOnly && !towardsServer) return CLASS.tcpSynAck;
    if (!towardsServer) return CLASS.tcpData;
    return small ? CLASS.tcpSessionSmall : CLASS.tcpSession;
  }
  if ((bits & TCP_RST) !== 0 && (bits & (TCP_PSH | TCP_FIN)) === 0) return CLASS.tcpRst;
  if (bits === 0 || (bits & (TCP_ACK | TCP_FIN)) === TCP_FIN) return CLASS.tcpOdd;
  return thin && (bits & TCP_PSH) === 0 ? CLASS.tcpAck : CLASS.tcpData;
}

function tcpPacketClass(bits: number, thin: boolean): number {
  if ((bits & TCP_SYN) !== 0) {
    if ((bits & (TCP_FIN | TCP_RST)) !== 0) return CLASS.tcpOdd;
    return (bits & TCP_ACK) === 0 ? CLASS.tcpSyn : CLASS.tcpSynAck;
  }
  if ((bits & TCP_RST) !== 0) return CLASS.tcpRst;
  if ((bits & TCP_ACK) === 0) return CLASS.tcpOdd;
  if ((bits & TCP_FIN) !== 0) return CLASS.tcpFin;
  return thin && (bits & TCP_PSH) === 0 ? CLASS.tcpAck : CLASS.tcpData;
}

/** Class of a UDP row that is no later fragment. */
export function udpClass(srcPort: number, dstPort: number, packets: number, bytes: number): number {
  const response = RESPONSE_CLASS[srcPort];
  if (response !== 0) {
    if (srcPort === 123 && bytes <= NTP_ORDINARY_BYTES_MAX * packets) return CLASS.udpService;
    // Peers of one service talk from its port to its port: telephone exchanges, tunnels. Old resolvers and clocks do too,
    // but their answers are told by what they are.
    if (response === CLASS.reflectorResponse && srcPort === dstPort) return CLASS.udpService;
    // A client whose own port happens to be a reflector's.
    if (srcPort !== dstPort && RESPONSE_CLASS[dstPort] !== 0 && srcPort > 1023) return serviceClass(dstPort);
    if (dstPort === 443 && srcPort > 1023) return CLASS.quic;
    return response;
  }
  if (dstPort === 443) return CLASS.quic;
  if (srcPort === 443) return CLASS.quicReply;
  return serviceClass(dstPort);
}

function serviceClass(dstPort: number): number {
  if (dstPort === 53) return CLASS.dnsQuery;
  return RESPONSE_CLASS[dstPort] === 0 ? CLASS.udp : CLASS.udpService;
}

/** Class of an ICMP (proto 1) or ICMPv6 (proto 58) row: errors answer somebody's packet, the rest is asked or sent. */
export function icmpClass(proto: number, type: number): number {
  if (proto === 58) return type >= 1 && type <= 4 ? CLASS.icmpError : CLASS.icmp;
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12 ? CLASS.icmpError : CLASS.icmp;
}
