/** How a target is attacked. Techniques are those of MITRE ATT&CK: T1498 network, T1499 endpoint denial of service. */
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

export type Vector = (typeof VECTORS)[number];
