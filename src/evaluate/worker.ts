import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { contradictionWith, type LabelledCapture } from './find-labels.ts';
import { type Case, generate } from './generate.ts';
import { observe } from './observe.ts';
import { type CaseScore, scoreCase } from './score.ts';
import { type Variant, WHOLE_DETECTION } from './variants.ts';
import { viewOf } from './views.ts';

/** What a worker is asked: a case to be made, or a capture that is there. */
export type Job =
  | { readonly kind: 'case'; readonly number: number; readonly of: Case; readonly variants?: readonly Variant[] }
  | {
      readonly kind: 'capture';
      readonly number: number;
      readonly of: LabelledCapture;
      readonly variants?: readonly Variant[];
    };

export type Answer =
  /** A score for each variant that was asked for, in their order. */
  | { readonly kind: 'score'; readonly number: number; readonly scores: readonly CaseScore[] }
  | { readonly kind: 'problem'; readonly number: number; readonly problem: string }
  | { readonly kind: 'fault'; readonly number: number; readonly error: unknown };

/** A thread that makes and judges cases, one at a time; `folder` is for its captures. */
export function startWorker(folder: string, index: number): Worker {
  return new Worker(new URL(import.meta.url), { name: `bonghwa-evaluate-${index}`, workerData: { folder, index } });
}

/** Does one job. A capture that was generated is removed again. */
export async function runJob(job: Job, scratch: string): Promise<Answer> {
  const { number, variants = [WHOLE_DETECTION] } = job;
  const scores: CaseScore[] = [];
  try {
    if (job.kind === 'case') {
      try {
        const { label } = generate(job.of, scratch);
        for (const variant of variants) {
          const observed = await observe(scratch, label.networks, variant);
          scores.push(scoreCase({ ...label, file: scratch }, observed, viewOf(job.of.view).quick));
        }
        return { kind: 'score', number, scores };
      } finally {
        rmSync(scratch, { force: true });
      }
    }
    const { path, label } = job.of;
    for (const variant of variants) {
      const observed = await observe(path, label.networks, variant);
      const contradiction = contradictionWith(label, observed);
      if (contradiction !== undefined) {
        return { kind: 'problem', number, problem: `${label.file}: ${contradiction}; not scored` };
      }
      scores.push(scoreCase(label, observed, true));
    }
    return { kind: 'score', number, scores };
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
