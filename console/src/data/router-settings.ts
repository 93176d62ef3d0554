/** How a router is set up to export, as docs/exporters.md has it: `STATION` stands for this station. */
export interface RouterSettings {
  /** `Cisco IOS-XE`, `softflowd on Linux`. */
  readonly title: string;
  readonly lines: string;
}

/** How a log comes to the station, as docs/logs.md has it: what is written where, step by step. */
export interface LogSettings {
  /** `A log on this machine`, `nginx on another machine`. */
  readonly title: string;
  readonly blocks: readonly { readonly about: string; readonly lines: string }[];
}

const portOf = (address: string | undefined): string | undefined => /:(\d+)$/.exec(address ?? '')?.[1];

/** The lines with the name of the station and the ports that it really listens on. */
export function settingsFor(
  lines: string,
  host: string,
  netflow: string | undefined,
  sflow: string | undefined,
): string {
  const netflowPort = portOf(netflow);
  const sflowPort = portOf(sflow);
  return lines
    .replaceAll(/\bSTATION\b/g, host === '' ? 'STATION' : host)
    .replaceAll(/\b(?:2055|4739)\b/g, (port) => netflowPort ?? port)
    .replaceAll(/\b6343\b/g, (port) => sflowPort ?? port);
}
