import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BlastFormat } from './blast.ts';

/** What bench/make/sender.ts sends: see there. */
export interface SendPlan {
  readonly format: BlastFormat;
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Exporters, from 127.0.0.1 up. */
  readonly exporters: number;
  /** Datagrams that are drawn up and sent in turn; left out, 8192. */
  readonly distinctDatagrams?: number;
}

export interface SendPhase {
  readonly seconds: number;
  /** Usual records; those of the flood come on top. */
  readonly recordsPerSecond: number;
  readonly floodRecordsPerSecond: number;
  /** Which of the sites is flooded; left out, the first. */
  readonly site?: number;
}

/** Exact numbers of what was sent. Times are milliseconds since 1970. */
export interface SendReport {
  readonly records: number;
  readonly floodRecords: number;
  /** Templates included. */
  readonly datagrams: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** First datagram of the flood in each phase; null where there was none. */
  readonly floodsMs: readonly (number | null)[];
  /** How far the sender fell behind its pace at most. */
  readonly behindMsMax: number;
  readonly cpuSeconds: number;
}

export interface SenderProcess {
  readonly pid: number;
  /** Sends these phases one after the other. */
  send(...phases: readonly SendPhase[]): Promise<SendReport>;
  end(): Promise<void>;
}

/** Starts a sender, and resolves when it is ready to send. */
export async function startSender(plan: SendPlan): Promise<SenderProcess> {
  const path = fileURLToPath(new URL('./sender.ts', import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the sender ended with ${await closed}`);
    return line.value;
  };
  await next();
  return {
    pid: child.pid ?? 0,
    async send(...phases) {
      child.stdin.write(`${JSON.stringify(phases)}\n`);
      return JSON.parse(await next());
    },
    async end() {
      child.stdin.end('end\n');
      await closed;
    },
  };
}
