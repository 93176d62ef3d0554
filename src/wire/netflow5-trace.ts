import { formatIpv4 } from '../base/ip.ts';
import { formatTime } from '../base/units.ts';
import type { Datagram } from './datagram.ts';

/** All fields of one NetFlow v5 record and of the header before it, under IANA names where there are. */
export function traceNetflow5(datagram: Datagram, header: number, at: number): void {
  const { view, bytes, exporter } = datagram;
  datagram.trace?.record('flow', exporter, {
    sourceIPv4Address: formatIpv4(view.getUint32(at)),
    destinationIPv4Address: formatIpv4(view.getUint32(at + 4)),
    ipNextHopIPv4Address: formatIpv4(view.getUint32(at + 8)),
    ingressInterface: view.getUint16(at + 12),
    egressInterface: view.getUint16(at + 14),
    packetDeltaCount: view.getUint32(at + 16),
    octetDeltaCount: view.getUint32(at + 20),
    flowStartSysUpTime: view.getUint32(at + 24),
    flowEndSysUpTime: view.getUint32(at + 28),
    sourceTransportPort: view.getUint16(at + 32),
    destinationTransportPort: view.getUint16(at + 34),
    tcpControlBits: bytes[at + 37],
    protocolIdentifier: bytes[at + 38],
    ipClassOfService: bytes[at + 39],
    bgpSourceAsNumber: view.getUint16(at + 40),
    bgpDestinationAsNumber: view.getUint16(at + 42),
    sourceIPv4PrefixLength: bytes[at + 44],
    destinationIPv4PrefixLength: bytes[at + 45],
    engineType: bytes[header + 20],
    engineId: bytes[header + 21],
    samplingAlgorithm: bytes[header + 22] >>> 6,
    samplingInterval: view.getUint16(header + 22) & 0x3fff,
    version: 5,
    exportTime: formatTime(datagram.exportMs),
    exportSequence: view.getUint32(header + 16),
    recordCount: view.getUint16(header + 2),
    systemUpTimeMilliseconds: view.getUint32(header + 4),
  });
}
