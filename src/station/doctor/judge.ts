import type { Check, Diagnosis, Verdict } from './check.ts';
import type { Facts } from './facts.ts';
import { judgeConfiguration, judgeFiles, judgeListeners, judgeStores } from './judge-configuration.ts';
import { judgeClock, judgeDisk, judgeMachine, judgeNode, judgeReceiveBuffer, judgeUdp } from './judge-machine.ts';
import { judgeStation } from './judge-station.ts';

/** What is wrong, and what to do about it. A pure function of what was found out. */
export function diagnose(facts: Facts): Diagnosis {
  const checks: readonly Check[] = [
    ...judgeConfiguration(facts),
    ...judgeNode(facts),
    ...judgeListeners(facts),
    ...judgeReceiveBuffer(facts),
    ...judgeUdp(facts),
    ...judgeClock(facts),
    ...judgeDisk(facts),
    ...judgeMachine(facts),
    ...judgeFiles(facts),
    ...judgeStores(facts),
    ...judgeStation(facts),
  ];
  return { verdict: worst(checks), checks };
}

function worst(checks: readonly Check[]): Verdict {
  if (checks.some(({ verdict }) => verdict === 'fault')) return 'fault';
  return checks.some(({ verdict }) => verdict === 'warning') ? 'warning' : 'ok';
}
