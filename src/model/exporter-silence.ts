import type { ExporterReport } from './attack.ts';

/** Silent for longer than this, an exporter is told as silent whatever its usual pause is, ms. */
const SILENT_MS_MAX = 300_000;

/** The finding that tells that an exporter has been silent for longer than it usually is. */
export const SILENT_FINDING = 'exporter-silent';

/** True if nothing comes from the exporter any more. */
export function isSilent({ lastSeen, findings = [] }: ExporterReport, nowMs: number): boolean {
  return nowMs - Date.parse(lastSeen) > SILENT_MS_MAX || findings.some(({ code }) => code === SILENT_FINDING);
}
