import type { Worker } from 'node:worker_threads';

export const THREADS_MAX = 32;

/**
 * Gives the jobs to the workers, one at a time to each, and every answer to `take`, which may throw to end it. Ends the workers. No
 * further job is given once the signal came.
 */
export async function inWorkers<Job, Answer>(
  workers: readonly Worker[],
  jobs: readonly Job[],
  take: (answer: Answer) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = 0;
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            const go = (): void => {
              if (next === jobs.length || signal?.aborted === true) resolve();
              else worker.postMessage(jobs[next++]);
            };
            worker.on('error', reject);
            worker.on('message', (answer: Answer) => {
              try {
                take(answer);
                go();
              } catch (error) {
                reject(error);
              }
            });
            go();
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
