/**
 * Counter records of sFlow v5 by their format (https://sflow.org/sflow_version_5.txt, and the structures registered at
 * https://sflow.org/developers/structures.php). Names are those of the structures; only `decode --counters` reads them.
 */
type CounterType = 'u32' | 'u64' | 'mac' | 'text';
type CounterLayout = readonly (readonly [name: string, type: CounterType])[];

const words = (...names: string[]): CounterLayout => names.map((name) => [name, 'u32']);

/** Layouts of enterprise 0, by format. */
const LAYOUTS: Readonly<Record<number, CounterLayout>> = {
  // struct if_counters
  1: [
    ['ifIndex', 'u32'],
    ['ifType', 'u32'],
    ['ifSpeed', 'u64'],
    ['ifDirection', 'u32'],
    ['ifStatus', 'u32'],
    ['ifInOctets', 'u64'],
    ...words('ifInUcastPkts', 'ifInMulticastPkts', 'ifInBroadcastPkts', 'ifInDiscards', 'ifInErrors'),
    ['ifInUnknownProtos', 'u32'],
    ['ifOutOctets', 'u64'],
    ...words('ifOutUcastPkts', 'ifOutMulticastPkts', 'ifOutBroadcastPkts', 'ifOutDiscards', 'ifOutErrors'),
    ['ifPromiscuousMode', 'u32'],
  ],
  // struct ethernet_counters
  2: words(
    'dot3StatsAlignmentErrors',
    'dot3StatsFCSErrors',
    'dot3StatsSingleCollisionFrames',
    'dot3StatsMultipleCollisionFrames',
    'dot3StatsSQETestErrors',
    'dot3StatsDeferredTransmissions',
    'dot3StatsLateCollisions',
    'dot3StatsExcessiveCollisions',
    'dot3StatsInternalMacTransmitErrors',
    'dot3StatsCarrierSenseErrors',
    'dot3StatsFrameTooLongs',
    'dot3StatsInternalMacReceiveErrors',
    'dot3StatsSymbolErrors',
  ),
  // struct tokenring_counters
  3: words(
    'dot5StatsLineErrors',
    'dot5StatsBurstErrors',
    'dot5StatsACErrors',
    'dot5StatsAbortTransErrors',
    'dot5StatsInternalErrors',
    'dot5StatsLostFrameErrors',
    'dot5StatsReceiveCongestions',
    'dot5StatsFrameCopiedErrors',
    'dot5StatsTokenErrors',
    'dot5StatsSoftErrors',
    'dot5StatsHardErrors',
    'dot5StatsSignalLoss',
    'dot5StatsTransmitBeacons',
    'dot5StatsRecoverys',
    'dot5StatsLobeWires',
    'dot5StatsRemoves',
    'dot5StatsSingles',
    'dot5StatsFreqErrors',
  ),
  // struct vg_counters
  4: [
    ['dot12InHighPriorityFrames', 'u32'],
    ['dot12InHighPriorityOctets', 'u64'],
    ['dot12InNormPriorityFrames', 'u32'],
    ['dot12InNormPriorityOctets', 'u64'],
    ...words('dot12InIPMErrors', 'dot12InOversizeFrameErrors', 'dot12InDataErrors', 'dot12InNullAddressedFrames'),
    ['dot12OutHighPriorityFrames', 'u32'],
    ['dot12OutHighPriorityOctets', 'u64'],
    ['dot12TransitionIntoTrainings', 'u32'],
    ['dot12HCInHighPriorityOctets', 'u64'],
    ['dot12HCInNormPriorityOctets', 'u64'],
    ['dot12HCOutHighPriorityOctets', 'u64'],
  ],
  // struct vlan_counters
  5: [['vlan_id', 'u32'], ['octets', 'u64'], ...words('ucastPkts', 'multicastPkts', 'broadcastPkts', 'discards')],
  // struct lag_port_stats; the state is four bytes: actor admin, actor oper, partner admin, partner oper
  7: [
    ['dot3adAggPortActorSystemID', 'mac'],
    ['dot3adAggPortPartnerOperSystemID', 'mac'],
    ['dot3adAggPortAttachedAggID', 'u32'],
    ['dot3adAggPortState', 'u32'],
    ...words(
      'dot3adAggPortStatsLACPDUsRx',
      'dot3adAggPortStatsMarkerPDUsRx',
      'dot3adAggPortStatsMarkerResponsePDUsRx',
      'dot3adAggPortStatsUnknownRx',
      'dot3adAggPortStatsIllegalRx',
      'dot3adAggPortStatsLACPDUsTx',
      'dot3adAggPortStatsMarkerPDUsTx',
      'dot3adAggPortStatsMarkerResponsePDUsTx',
    ),
  ],
  // struct processor: shares in hundredths of a percent
  1001: [...words('5s_cpu', '1m_cpu', '5m_cpu'), ['total_memory', 'u64'], ['free_memory', 'u64']],
  // struct of_port
  1004: [
    ['datapath_id', 'u64'],
    ['port_no', 'u32'],
  ],
  // struct port_name
  1005: [['port_name', 'text']],
};

/** True where the format is one that `readCounters` decodes. */
export function isCounterFormat(format: number): boolean {
  return LAYOUTS[format] !== undefined;
}

/** Adds the counters of one record at `bytes[at .. end - 1]` to `fields`; a record that is cut gives those that are there. */
export function readCounters(
  bytes: Uint8Array,
  at: number,
  end: number,
  format: number,
  fields: Record<string, unknown>,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = at;
  for (const [name, type] of LAYOUTS[format] ?? []) {
    if (end - from < (type === 'u32' || type === 'text' ? 4 : 8)) return;
    switch (type) {
      case 'u32':
        fields[name] = view.getUint32(from);
        from += 4;
        break;
      case 'u64': {
        const value = view.getBigUint64(from);
        fields[name] = value > BigInt(Number.MAX_SAFE_INTEGER) ? value : Number(value);
        from += 8;
        break;
      }
      case 'mac':
        fields[name] = formatMac(bytes, from);
        from += 8;
        break;
      case 'text': {
        const length = Math.min(view.getUint32(from), end - from - 4);
        fields[name] = new TextDecoder().decode(bytes.subarray(from + 4, from + 4 + length));
        from += 4 + length + (-length & 3);
        break;
      }
    }
  }
}

/** `00:50:b6:19:e6:50`. */
export function formatMac(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
