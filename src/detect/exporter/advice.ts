import { EXPORTER_VENDORS, type ExporterVendor } from '../../model/config-schema.ts';
import type { FactsProtocol } from './facts.ts';

/**
 * What to type, by vendor and by what has to be done. Words in capitals are to be replaced: STATION is the address that Bonghwa
 * listens on, INTERFACE an interface that faces outside; the export is named BONGHWA. docs/exporters.md has the whole
 * configurations, and the vendors' documents that each line was checked against.
 */
export type Vendor = ExporterVendor;

export type Action =
  | 'set-timeouts'
  | 'tell-sampling'
  | 'send-templates'
  | 'set-clock'
  | 'stop-export'
  | 'check-export'
  | 'monitor-interface'
  | 'less-export'
  | 'none';

export interface VendorAdvice {
  readonly vendor: Vendor;
  readonly lines: string[];
}

type Lines = Readonly<Record<Exclude<Action, 'none'>, readonly string[]>>;

const CISCO_IOS_XE: Lines = {
  'set-timeouts': ['flow monitor BONGHWA', ' cache timeout active 60', ' cache timeout inactive 15'],
  'tell-sampling': ['flow exporter BONGHWA', ' option sampler-table timeout 60'],
  'send-templates': ['flow exporter BONGHWA', ' template data timeout 60'],
  'set-clock': ['ntp server NTP-SERVER'],
  'stop-export': ['interface INTERFACE', ' no ip flow monitor BONGHWA sampler BONGHWA input'],
  'check-export': [
    'show flow exporter BONGHWA statistics',
    'show flow interface',
    'show flow monitor BONGHWA statistics',
  ],
  'monitor-interface': ['interface INTERFACE', ' ip flow monitor BONGHWA sampler BONGHWA input'],
  'less-export': ['sampler BONGHWA', ' mode random 1 out-of 2000'],
};

const CISCO_IOS_XR: Lines = {
  'set-timeouts': ['flow monitor-map BONGHWA', ' cache timeout active 60', ' cache timeout inactive 15', 'commit'],
  'tell-sampling': ['flow exporter-map BONGHWA', ' version v9', '  options sampler-table timeout 60', 'commit'],
  'send-templates': ['flow exporter-map BONGHWA', ' version v9', '  template data timeout 60', 'commit'],
  'set-clock': ['ntp', ' server NTP-SERVER', 'commit'],
  'stop-export': ['interface INTERFACE', ' no flow ipv4 monitor BONGHWA sampler BONGHWA ingress', 'commit'],
  'check-export': [
    'show flow exporter-map BONGHWA',
    'show flow exporter BONGHWA location LOCATION',
    'show flow monitor BONGHWA cache summary location LOCATION',
  ],
  'monitor-interface': ['interface INTERFACE', ' flow ipv4 monitor BONGHWA sampler BONGHWA ingress', 'commit'],
  'less-export': ['sampler-map BONGHWA', ' random 1 out-of 2000', 'commit'],
};

const JUNIPER: Lines = {
  'set-timeouts': [
    'set services flow-monitoring version-ipfix template BONGHWA flow-active-timeout 60',
    'set services flow-monitoring version-ipfix template BONGHWA flow-inactive-timeout 15',
    'commit',
  ],
  'tell-sampling': [
    'set services flow-monitoring version-ipfix template BONGHWA option-refresh-rate seconds 60',
    'commit',
  ],
  'send-templates': [
    'set services flow-monitoring version-ipfix template BONGHWA template-refresh-rate seconds 60',
    'commit',
  ],
  'set-clock': ['set system ntp server NTP-SERVER', 'commit'],
  'stop-export': ['delete interfaces INTERFACE unit 0 family inet sampling input', 'commit'],
  'check-export': [
    'show services accounting status inline-jflow fpc-slot 0',
    'show services accounting errors inline-jflow fpc-slot 0',
  ],
  'monitor-interface': ['set interfaces INTERFACE unit 0 family inet sampling input', 'commit'],
  'less-export': ['set forwarding-options sampling instance BONGHWA input rate 2000', 'commit'],
};

const JUNIPER_SFLOW: Lines = {
  ...JUNIPER,
  'stop-export': ['delete protocols sflow interfaces INTERFACE', 'commit'],
  'check-export': ['show sflow', 'show sflow collector', 'show sflow interface'],
  'monitor-interface': ['set protocols sflow interfaces INTERFACE', 'commit'],
  'tell-sampling': ['set protocols sflow sample-rate ingress 1000', 'commit'],
  'less-export': ['set protocols sflow sample-rate ingress 4000', 'commit'],
};

const ARISTA: Lines = {
  'set-timeouts': [
    'flow tracking sampled',
    '   tracker BONGHWA',
    '      record export on inactive timeout 15000',
    '      record export on interval 60000',
  ],
  'tell-sampling': ['flow tracking sampled', '   sample 1000'],
  'send-templates': [
    'flow tracking sampled',
    '   tracker BONGHWA',
    '      exporter BONGHWA',
    '         template interval 60000',
  ],
  'set-clock': ['ntp server NTP-SERVER'],
  'stop-export': ['interface INTERFACE', '   no flow tracker sampled BONGHWA'],
  'check-export': ['show flow tracking sampled'],
  'monitor-interface': ['interface INTERFACE', '   flow tracker sampled BONGHWA'],
  'less-export': ['flow tracking sampled', '   sample 4000'],
};

const ARISTA_SFLOW: Lines = {
  ...ARISTA,
  'tell-sampling': ['sflow sample 16384'],
  'stop-export': ['interface INTERFACE', '   no sflow enable'],
  'check-export': ['show sflow', 'show sflow interfaces'],
  'monitor-interface': ['sflow run', 'interface INTERFACE', '   sflow enable'],
  'less-export': ['sflow sample 65536'],
};

const MIKROTIK: Lines = {
  'set-timeouts': ['/ip traffic-flow set active-flow-timeout=1m inactive-flow-timeout=15s'],
  'tell-sampling': [
    '/ip traffic-flow print',
    '# with packet-sampling=yes the rate is (sampling-interval + sampling-space) / sampling-interval, else 1:',
    "# write it as 'samplingRate' of the exporter into bonghwa.yaml",
  ],
  'send-templates': ['/ip traffic-flow target set [find] v9-template-refresh=20 v9-template-timeout=1m'],
  'set-clock': ['/system ntp client set enabled=yes servers=NTP-SERVER'],
  'stop-export': ['/ip traffic-flow set interfaces=INTERFACE'],
  'check-export': ['/ip traffic-flow print', '/ip traffic-flow target print'],
  'monitor-interface': ['/ip traffic-flow set enabled=yes interfaces=all'],
  'less-export': ['/ip traffic-flow set packet-sampling=yes sampling-interval=1 sampling-space=999'],
};

const HUAWEI: Lines = {
  'set-timeouts': ['system-view', 'ip netstream timeout active 1', 'ip netstream timeout inactive 15'],
  'tell-sampling': [
    'system-view',
    'ip netstream export template option sampler',
    'ip netstream export template option timeout-rate 1',
  ],
  'send-templates': ['system-view', 'ip netstream export template timeout-rate 1'],
  'set-clock': ['system-view', 'ntp-service unicast-server NTP-SERVER'],
  'stop-export': ['system-view', 'interface INTERFACE', 'undo ip netstream inbound'],
  'check-export': ['display current-configuration | include netstream'],
  'monitor-interface': [
    'system-view',
    'interface INTERFACE',
    'ip netstream sampler random-packets 1000 inbound',
    'ip netstream inbound',
  ],
  'less-export': ['system-view', 'interface INTERFACE', 'ip netstream sampler random-packets 2000 inbound'],
};

const SOFTFLOWD: Lines = {
  'set-timeouts': [
    'softflowd -i INTERFACE -n STATION:2055 -v 9 -t maxlife=60 -t general=15 -t tcp=15 -t tcp.rst=15 -t tcp.fin=15 -t udp=15 -t icmp=15 -t expint=5',
  ],
  'tell-sampling': [
    '# versions 9 and 10 tell the rate, version 5 only one of -s:',
    'softflowd -i INTERFACE -n STATION:2055 -v 9',
    "# or, where it stays with version 5 and does not sample, write 'samplingRate: 1' of the exporter into bonghwa.yaml",
  ],
  'send-templates': ['softflowctl send-template'],
  'set-clock': ['timedatectl set-ntp true'],
  'stop-export': ['softflowctl shutdown'],
  'check-export': ['softflowctl statistics', 'softflowctl timeouts'],
  'monitor-interface': [
    'softflowd -i INTERFACE -c /var/run/softflowd-INTERFACE.ctl -p /var/run/softflowd-INTERFACE.pid -n STATION:2055 -v 9',
  ],
  'less-export': ['softflowd -i INTERFACE -n STATION:2055 -v 9 -s 100'],
};

const PMACCT: Lines = {
  'set-timeouts': [
    '# in pmacctd.conf:',
    'nfprobe_timeouts: tcp=15:tcp.rst=15:tcp.fin=15:udp=15:icmp=15:general=15:maxlife=60:expint=5',
  ],
  'tell-sampling': [
    '# in pmacctd.conf; without sampling_rate it does not sample, and tells no rate:',
    'sampling_rate: 1000',
    "# or write 'samplingRate: 1' of the exporter into bonghwa.yaml",
  ],
  'send-templates': ['systemctl restart pmacctd'],
  'set-clock': ['timedatectl set-ntp true'],
  'stop-export': ['systemctl stop pmacctd'],
  'check-export': ['systemctl status pmacctd', 'journalctl -u pmacctd'],
  'monitor-interface': ['# in pmacctd.conf:', 'pcap_interface: INTERFACE'],
  'less-export': ['# in pmacctd.conf:', 'sampling_rate: 1000'],
};

const OPEN_VSWITCH: Lines = {
  'set-timeouts': [
    'ovs-vsctl -- set Bridge BRIDGE ipfix=@i -- --id=@i create IPFIX targets=\\"STATION:4739\\" obs_domain_id=1 obs_point_id=1 cache_active_timeout=60 cache_max_flows=65536',
  ],
  'tell-sampling': [
    'ovs-vsctl list IPFIX',
    "# write its 'sampling' (400 if it is empty) as 'samplingRate' of the exporter into bonghwa.yaml",
  ],
  'send-templates': [
    'ovs-vsctl get Bridge BRIDGE ipfix',
    'ovs-vsctl clear Bridge BRIDGE ipfix',
    '# and create it again',
  ],
  'set-clock': ['timedatectl set-ntp true'],
  'stop-export': ['ovs-vsctl clear Bridge BRIDGE ipfix', 'ovs-vsctl clear Bridge BRIDGE netflow'],
  'check-export': ['ovs-vsctl list IPFIX', 'ovs-vsctl list NetFlow', 'ovs-vsctl get Bridge BRIDGE ipfix netflow sflow'],
  'monitor-interface': [
    'ovs-vsctl port-to-br INTERFACE',
    '# and export from that bridge:',
    'ovs-vsctl -- set Bridge BRIDGE ipfix=@i -- --id=@i create IPFIX targets=\\"STATION:4739\\" obs_domain_id=1 obs_point_id=1 cache_active_timeout=60 cache_max_flows=65536',
  ],
  'less-export': ['ovs-vsctl set IPFIX $(ovs-vsctl get Bridge BRIDGE ipfix) sampling=1000'],
};

const OPEN_VSWITCH_SFLOW: Lines = {
  ...OPEN_VSWITCH,
  'stop-export': ['ovs-vsctl clear Bridge BRIDGE sflow'],
  'check-export': ['ovs-vsctl list sFlow'],
  'monitor-interface': [
    'ovs-vsctl port-to-br INTERFACE',
    '# and export from that bridge:',
    'ovs-vsctl -- --id=@s create sFlow agent=AGENT-INTERFACE target=\\"STATION:6343\\" header=128 sampling=400 polling=30 -- set Bridge BRIDGE sflow=@s',
  ],
  'tell-sampling': ['ovs-vsctl set sFlow $(ovs-vsctl get Bridge BRIDGE sflow) sampling=400'],
  'less-export': ['ovs-vsctl set sFlow $(ovs-vsctl get Bridge BRIDGE sflow) sampling=4000'],
};

const LINES: Readonly<Record<Vendor, Lines>> = {
  'cisco-ios-xe': CISCO_IOS_XE,
  'cisco-ios-xr': CISCO_IOS_XR,
  juniper: JUNIPER,
  arista: ARISTA,
  mikrotik: MIKROTIK,
  huawei: HUAWEI,
  softflowd: SOFTFLOWD,
  pmacct: PMACCT,
  'open-vswitch': OPEN_VSWITCH,
};
/** Vendors whose devices send sFlow, with what is other then. */
const SFLOW_LINES: Readonly<Partial<Record<Vendor, Lines>>> = {
  juniper: JUNIPER_SFLOW,
  arista: ARISTA_SFLOW,
  'open-vswitch': OPEN_VSWITCH_SFLOW,
};

/** What to type for an action: on the exporter that is of this vendor, or on all that send this protocol. */
export function adviceFor(action: Action, protocol: FactsProtocol, vendor: Vendor | undefined): VendorAdvice[] {
  if (action === 'none') return [];
  const tables = protocol === 'sflow-v5' ? SFLOW_LINES : LINES;
  const advice: VendorAdvice[] = [];
  for (const one of EXPORTER_VENDORS) {
    const lines = tables[one] ?? (one === vendor ? LINES[one] : undefined);
    if (lines !== undefined && (vendor === undefined || vendor === one))
      advice.push({ vendor: one, lines: [...lines[action]] });
  }
  return advice;
}
