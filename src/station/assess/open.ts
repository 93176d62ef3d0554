import type { Config } from '../../model/config.ts';
import { registeredIn, vantagesIn } from '../live/plan.ts';
import { AssessDesk, type AssessDeskOptions } from './assess-desk.ts';

/** A desk that goes on with what was kept, for the sites of a configuration. */
export async function openAssess(
  config: Config,
  options: Omit<AssessDeskOptions, 'intervalMs' | 'retentionDays'>,
): Promise<AssessDesk> {
  const desk = new AssessDesk({
    ...options,
    intervalMs: config.probe.everySeconds * 1000,
    retentionDays: config.retention.attacksDays,
  });
  configureAssess(desk, config);
  await desk.start();
  return desk;
}

/** Takes over the sites and places of a configuration. */
export function configureAssess(desk: AssessDesk, config: Config): void {
  desk.setSites(registeredIn(config));
  desk.setVantages(vantagesIn(config));
}
