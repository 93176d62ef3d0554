import { mount } from 'svelte';
import App from './App.svelte';
import { register } from './data/register.svelte.ts';
import './app.css';

const place = document.getElementById('console');
// What the first page shows is asked for before there is a page.
if (location.pathname === '/') void register.loadSites();
if (place !== null) mount(App, { target: place });
