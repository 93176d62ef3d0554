import assert from 'node:assert/strict';
import { openState } from '../../src/store/state/open.ts';
import type { StateStore } from '../../src/store/state/state-store.ts';
import { PostgresServer, SKIP_WITHOUT_POSTGRES } from './postgres.ts';
import { EmptyPglite, temporaryDirectory } from './state.ts';

/** What a station without its data directory has left: nothing (PGlite lay in it), or its server. */
export interface StateEngine {
  readonly name: 'pglite' | 'postgresql';
  readonly skip: string | false;
  start(): Promise<void>;
  /** An empty database for a data directory; its address, where it has one. */
  fresh(directory: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

const pglite = new EmptyPglite();
let server: PostgresServer | undefined;

export const STATE_ENGINES: readonly StateEngine[] = [
  {
    name: 'pglite',
    skip: false,
    start: () => pglite.make(),
    fresh(directory) {
      pglite.copyTo(directory);
      return Promise.resolve(undefined);
    },
    stop: () => Promise.resolve(pglite.remove()),
  },
  {
    name: 'postgresql',
    skip: SKIP_WITHOUT_POSTGRES,
    async start() {
      server = await PostgresServer.start();
    },
    async fresh() {
      assert.ok(server);
      return server.url(await server.newDatabase());
    },
    async stop() {
      await server?.stop();
    },
  },
];

/** Runs with a store on a directory of its own, and fails for whatever the store told of. */
export async function withState(
  engine: StateEngine,
  use: (store: StateStore, reopen: () => Promise<StateStore>) => Promise<void>,
): Promise<void> {
  const directory = temporaryDirectory('state');
  const problems: Error[] = [];
  const url = await engine.fresh(directory.path);
  const options = { directory: directory.path, url, onProblem: (error: Error) => problems.push(error) };
  let store = await openState(options);
  const reopen = async (): Promise<StateStore> => {
    await store.close();
    store = await openState(options);
    return store;
  };
  try {
    await use(store, reopen);
    assert.deepEqual(problems, []);
  } finally {
    await store.close();
    directory.remove();
  }
}
