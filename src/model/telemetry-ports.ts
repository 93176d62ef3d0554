/** UDP ports that routers and switches export to: NetFlow, IPFIX, sFlow and the usual alternatives. */
export const TELEMETRY_PORTS: readonly number[] = [2055, 4739, 6343, 9995, 9996];
