import { parsePrefix } from '../base/prefix.ts';
import { Detector } from '../detect/network/detector.ts';
import { withParameters } from '../detect/network/parameters.ts';
import type { Attack } from '../model/attack.ts';
import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { SecondStream } from '../sketch/second-stream.ts';
import { ExporterWatch } from '../station/exporter-watch.ts';
import { ingest } from '../station/ingest.ts';
import { type Variant, WHOLE_DETECTION } from './variants.ts';

export interface Observed {
  readonly attacks: readonly Attack[];
  /** Times of the first and last packet of the capture, ms since 1970; NaN where no packet has a time. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly packets: number;
  readonly flows: number;
}

/** The seed of a replay: an evaluation tells what `bonghwa replay` would. */
const SEED = 0x626f6e67;

/** What a station that knows nothing yet makes of a capture; as `replay`, without saying where sources are. */
export async function observe(
  file: string,
  networks: readonly string[],
  variant: Variant = WHOLE_DETECTION,
): Promise<Observed> {
  return withParameters(variant.parameters, () => observeAs(file, networks, variant));
}

async function observeAs(file: string, networks: readonly string[], { pacing }: Variant): Promise<Observed> {
  const prefixes = networks.flatMap((text) => parsePrefix(text) ?? []);
  const detector = new Detector({ seed: SEED, networks: prefixes });
  const watch = new ExporterWatch({ seed: SEED, networks: prefixes });
  const stream = new SecondStream(
    {
      ...{ seed: SEED, networks: prefixes },
      ...(pacing === undefined ? {} : { pacing }),
      look: (...looked) => watch.look(...looked),
    },
    detector,
  );
  const totals = await ingest(
    {
      files: [file],
      as: 'auto',
      telemetryPorts: TELEMETRY_PORTS,
      onExporters: (exporters) => watch.watch(exporters),
    },
    stream,
  );
  stream.finish();
  const { fromMs, toMs, packets, flows } = totals;
  return { attacks: detector.attacks(), fromMs, toMs, packets, flows };
}
