import { mount } from 'svelte';
import App from './App.svelte';
import { register } from './data/register.svelte.ts';
import { text } from './text/text.svelte.ts';
import './app.css';

const RELOAD_MS = 2000;
const place = document.getElementById('console');
// What the first page shows is asked for before there is a page.
if (location.pathname === '/') void register.loadStates();
try {
  await text.ready;
  if (place !== null) mount(App, { target: place });
} catch {
  // The station was stopped or renewed between two files of the page: it is asked for again until all of it is there.
  setTimeout(() => location.reload(), RELOAD_MS);
}
