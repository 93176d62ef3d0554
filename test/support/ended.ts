import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const END_MS_MAX = 10_000;

/** Ends a program as it wants to be ended, and waits until it is gone: an nginx that is killed leaves its workers behind. */
export async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
  await exit;
  clearTimeout(killer);
}
