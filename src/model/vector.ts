/** How a target is attacked, as flows and packets tell it. Techniques are those of MITRE ATT&CK: T1498 network, T1499 endpoint denial of service. */
export const VECTORS = [
  'syn-flood',
  'ack-flood',
  'synack-reflection',
  'rst-flood',
  'tcp-flood',
  'connection-flood',
  'udp-flood',
  'quic-flood',
  'icmp-flood',
  'fragment-flood',
  'gre-flood',
  'esp-flood',
  'ip-flood',
  'dns-amplification',
  'ntp-amplification',
  'memcached-amplification',
  'cldap-amplification',
  'ssdp-amplification',
  'chargen-amplification',
  'snmp-amplification',
  'tcp-amplification',
  'udp-amplification',
  'dns-flood',
  'slowloris',
] as const;

/** Vectors that only a web server's log, or its status page, tells apart; `slowloris` is seen in both. */
export const WEB_VECTORS = [
  'http-flood',
  'cache-busting',
  'search-flood',
  'login-flood',
  'post-flood',
  'pingback-flood',
  'crawl-flood',
  'slow-post',
  'slow-read',
  'http2-flood',
  'mixed',
] as const;

/** Vectors that flows and packets tell. */
export type Vector = (typeof VECTORS)[number];
/** Vectors that a log tells: `slowloris` is told by both. */
export type WebVector = (typeof WEB_VECTORS)[number] | 'slowloris';

export const ATTACK_VECTORS = [...VECTORS, ...WEB_VECTORS] as const;
export type AttackVector = (typeof ATTACK_VECTORS)[number];

/** Vectors as they are called in a sentence. */
export const VECTOR_TITLES: Readonly<Record<AttackVector, string>> = {
  'syn-flood': 'SYN flood',
  'ack-flood': 'ACK flood',
  'synack-reflection': 'SYN-ACK reflection',
  'rst-flood': 'RST flood',
  'tcp-flood': 'TCP flood',
  'connection-flood': 'connection flood',
  'udp-flood': 'UDP flood',
  'quic-flood': 'QUIC flood',
  'icmp-flood': 'ICMP flood',
  'fragment-flood': 'fragment flood',
  'gre-flood': 'GRE flood',
  'esp-flood': 'ESP flood',
  'ip-flood': 'flood of another IP protocol',
  'dns-amplification': 'DNS amplification',
  'ntp-amplification': 'NTP amplification',
  'memcached-amplification': 'memcached amplification',
  'cldap-amplification': 'CLDAP amplification',
  'ssdp-amplification': 'SSDP amplification',
  'chargen-amplification': 'chargen amplification',
  'snmp-amplification': 'SNMP amplification',
  'tcp-amplification': 'TCP amplification',
  'udp-amplification': 'UDP amplification',
  'dns-flood': 'DNS query flood',
  slowloris: 'slowloris',
  'http-flood': 'HTTP flood',
  'cache-busting': 'cache-busting flood',
  'search-flood': 'search flood',
  'login-flood': 'login flood',
  'post-flood': 'POST flood',
  'pingback-flood': 'pingback flood',
  'crawl-flood': 'crawl flood',
  'slow-post': 'slow POST',
  'slow-read': 'slow read',
  'http2-flood': 'HTTP/2 flood',
  mixed: 'mixed HTTP flood',
};

const NETWORK_VECTORS: ReadonlySet<string> = new Set(VECTORS);

/** True for what flows and packets tell. */
export function isNetworkVector(vector: AttackVector): vector is Vector {
  return NETWORK_VECTORS.has(vector);
}
