/**
 * Preloaded into every test file by `npm test`: ends the file when it has not ended by itself. node:test's own limit fails
 * the test that hangs, but waits for ever for what the test left open, such as a program that it started.
 *
 * The limit in milliseconds is the query of this module's address: `watchdog.ts?300000`.
 */
const limitMs = Number(new URL(import.meta.url).search.slice(1));

setTimeout(() => {
  process.stderr.write(`This file still runs after ${limitMs / 1000} s and is stopped: something in it hangs.\n`);
  process.exit(1);
}, limitMs).unref();
