import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';

const place = document.getElementById('console');
if (place !== null) mount(App, { target: place });
