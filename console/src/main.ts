import { mount } from 'svelte';
import App from './App.svelte';
import { whenSignedOut } from './data/ask.ts';
import { live } from './data/live.svelte.ts';
import { register } from './data/register.svelte.ts';
import { session } from './data/session.svelte.ts';
import { text } from './text/text.svelte.ts';
import './app.css';

const RELOAD_MS = 2000;
/** A station that answers later than this has its page drawn before, ms. */
const FIRST_MS = 300;
const place = document.getElementById('console');
// What the first page shows is asked for before there is a page, all of it at once; drawn once with all of it, it is whole sooner.
whenSignedOut(() => session.signedOut());
const asked = [live.start(), session.load(), ...(location.pathname === '/' ? [register.loadStates()] : [])];
void start();

/** No `await` of the file itself: what is loaded meanwhile may need this file, and would wait for it for ever. */
async function start(): Promise<void> {
  try {
    await text.ready;
    await Promise.race([Promise.allSettled(asked), new Promise((resolve) => setTimeout(resolve, FIRST_MS))]);
    if (place !== null) mount(App, { target: place });
  } catch {
    // The station was stopped or renewed between two files of the page: it is asked for again until all of it is there.
    setTimeout(() => location.reload(), RELOAD_MS);
  }
}
