import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { contradictionWith, type LabelledCapture } from './find-labels.ts';
import { type Case, generate } from './generate.ts';
import { observe } from './observe.ts';
import { type CaseScore, scoreCase } from './score.ts';
import { viewOf } from './views.ts';

/** What a worker is asked: a case to be made, or a capture that is there. */
export type Job =
  | { readonly kind: 'case'; readonly number: number; readonly of: Case; readonly keepAs?: string }
  | { readonly kind: 'capture'; readonly number: number; readonly of: LabelledCapture };

export type Answer =
  | { readonly kind: 'score'; readonly number: number; readonly score: CaseScore }
  | { readonly kind: 'problem'; readonly number: number; readonly problem: string }
  | { readonly kind: 'fault'; readonly number: number; readonly error: unknown };

/** A thread that makes and judges cases, one at a time; `folder` is for its captures. */
export function startWorker(folder: string, index: number): Worker {
  return new Worker(new URL(import.meta.url), { name: `bonghwa-evaluate-${index}`, workerData: { folder, index } });
}

/** Does one job. A capture that was generated is removed again, unless it is to be kept. */
export async function runJob(job: Job, scratch: string): Promise<Answer> {
  const { number } = job;
  try {
    if (job.kind === 'case') {
      const path = job.keepAs ?? scratch;
      try {
        const { label } = generate(job.of, path);
        const observed = await observe(path, label.networks);
        const score = scoreCase({ ...label, file: path }, observed, viewOf(job.of.view).quick);
        return { kind: 'score', number, score };
      } finally {
        if (job.keepAs === undefined) rmSync(path, { force: true });
      }
    }
    const { path, label } = job.of;
    const observed = await observe(path, label.networks);
    const contradiction = contradictionWith(label, observed);
    if (contradiction !== undefined) {
      return { kind: 'problem', number, problem: `${label.file}: ${contradiction}; not scored` };
    }
    return { kind: 'score', number, score: scoreCase(label, observed, true) };
  } catch (error) {
    if (job.kind === 'case') return { kind: 'fault', number, error };
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'problem', number, problem: `${job.of.label.file}: ${reason}; not scored` };
  }
}

const setup: unknown = workerData;
if (!isMainThread && isSetup(setup) && parentPort !== null) {
  const port = parentPort;
  const scratch = join(setup.folder, `case-${setup.index}.pcap`);
  port.on('message', (job: Job) => {
    void runJob(job, scratch).then((answer) => port.postMessage(answer));
  });
}

function isSetup(value: unknown): value is { readonly folder: string; readonly index: number } {
  return typeof value === 'object' && value !== null && 'folder' in value && 'index' in value;
}
