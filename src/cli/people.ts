import { NOTIFICATION_ROUTES, type ReceiverView, testedSchema } from '../api/contract/notifications.ts';
import { linkMadeSchema, PEOPLE_ROUTES } from '../api/contract/people.ts';
import { type AuditVerdict, verifyAudit } from '../api/sign-in/audit-log.ts';
import { BonghwaError } from '../base/errors.ts';
import { readLock } from '../store/lock.ts';
import { openClient, type StationChoice } from './client.ts';
import { EXIT_FOUND, EXIT_OK } from './exit.ts';
import { withRestingState } from './resting-state.ts';
import { withoutControls } from './text-width.ts';

interface PeopleOptions extends StationChoice {
  readonly json?: boolean;
}

/** `bonghwa set-up`. */
export async function setUpCommand(options: PeopleOptions, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  const made = await client.send({ method: 'POST', path: PEOPLE_ROUTES.makeSetUpLink.path }, linkMadeSchema);
  if (made === undefined) throw new BonghwaError('STATION_REFUSED', 'the station made no link');
  if (options.json === true) process.stdout.write(`${JSON.stringify(made.raw)}\n`);
  else {
    process.stdout.write(`${made.answer.url}\n`);
    process.stderr.write(
      `Open it in a browser to make the first account. It works once, until ${made.answer.expiresAt}.\n`,
    );
  }
  return EXIT_OK;
}

/** `bonghwa audit verify`. */
export async function auditVerifyCommand(options: PeopleOptions, signal: AbortSignal): Promise<number> {
  const verdict = await verdictOf(options, signal);
  if (options.json === true) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  else process.stdout.write(`${verdictLines(verdict).join('\n')}\n`);
  return verdict.whole ? EXIT_OK : EXIT_FOUND;
}

async function verdictOf(options: PeopleOptions, signal: AbortSignal): Promise<AuditVerdict> {
  const { data, station } = options;
  if (data !== undefined && station === undefined && (await readLock(data)) === undefined)
    return await withRestingState(data, (state) => verifyAudit(state));
  const { path, answer } = PEOPLE_ROUTES.verifyAudit;
  return (await (await openClient(options, signal)).ask(path, answer.schema)).answer;
}

function verdictLines({ whole, entries, forgotten, broken, last }: AuditVerdict): string[] {
  const lines = whole
    ? [`The audit log is whole: ${entries} entries, each follows from the one before.`]
    : [`The audit log is broken at entry ${broken?.number}: ${broken?.why}.`];
  if (forgotten !== undefined)
    lines.push(`The ${forgotten} entries before were forgotten after their time (retention.auditDays).`);
  if (last !== undefined)
    lines.push(
      `The last entry is ${last.number} of ${last.at}, with the hash`,
      `  ${last.hash}`,
      'Note it elsewhere: it shows later that the end was not cut off.',
    );
  return lines;
}

/** `bonghwa notify list`. */
export async function notifyListCommand(options: PeopleOptions, signal: AbortSignal): Promise<number> {
  const { path, answer } = NOTIFICATION_ROUTES.receivers;
  const asked = await (await openClient(options, signal)).ask(path, answer.schema);
  const { receivers } = asked.answer;
  if (options.json === true) process.stdout.write(`${JSON.stringify(asked.raw)}\n`);
  else if (receivers.length === 0)
    process.stdout.write('Nobody is told. notify.receivers of the configuration says who is, or the console.\n');
  else process.stdout.write(`${receivers.map(receiverLine).join('\n')}\n`);
  return EXIT_OK;
}

function receiverLine({ name, kind, sent, failed, lost, waiting, lastError }: ReceiverView): string {
  const counts = `${sent} sent, ${failed} attempts failed, ${lost} lost, ${waiting} waiting`;
  const error = lastError === undefined ? '' : `; last: ${withoutControls(lastError)}`;
  return `${name} (${kind}): ${counts}${error}`;
}

/** `bonghwa notify test`. */
export async function notifyTestCommand(name: string, options: PeopleOptions, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  const path = NOTIFICATION_ROUTES.testReceiver.path.replace('{name}', encodeURIComponent(name));
  const tested = await client.send({ method: 'POST', path }, testedSchema);
  if (tested === undefined) throw new BonghwaError('STATION_REFUSED', 'the station says nothing of its test');
  const { delivered, error = '', elapsedMs } = tested.answer;
  if (options.json === true) process.stdout.write(`${JSON.stringify(tested.raw)}\n`);
  else if (delivered) process.stdout.write(`${name} has it, after ${elapsedMs} ms.\n`);
  else process.stdout.write(`${name} was not told: ${withoutControls(error)}\n`);
  return delivered ? EXIT_OK : EXIT_FOUND;
}
