import { formatAddress, parseAddress } from '../base/ip.ts';
import { parseListen } from '../base/listen.ts';
import type { PlacedFault } from './config-problem.ts';

/**
 * Faults between the parts of a configuration: names and addresses that are given twice. They are looked for in the values as
 * they stand in the file, so that they are told together with all other faults.
 */
export function crossFaults(value: unknown): PlacedFault[] {
  const top = groupOf(value);
  const exporters = listOf(top.exporters);
  const inputs = groupOf(top.inputs);
  return [
    ...repeated(fieldOf(top.sites, 'sites', 'name'), (text) => `there is another site named '${text}'`),
    ...repeated(fieldOf(top.vantages, 'vantages', 'name'), (text) => `there is another vantage named '${text}'`),
    ...repeated(fieldOf(exporters, 'exporters', 'name'), (text) => `there is another exporter named '${text}'`),
    ...repeated(
      fieldOf(exporters, 'exporters', 'address').map((field) => ({ ...field, text: canonicalAddress(field.text) })),
      (text) => `there is another exporter at ${text}`,
    ),
    ...exporters.flatMap((exporter, at) =>
      repeated(
        listOf(groupOf(exporter).outsideInterfaces).flatMap((index, place) =>
          placed(['exporters', at, 'outsideInterfaces', place], index),
        ),
        (text) => `the interface ${text} is named twice`,
      ),
    ),
    ...repeated(
      [...listeners(inputs.netflow, 'netflow'), ...listeners(inputs.sflow, 'sflow')],
      (text) => `${text} is listened on already`,
    ),
  ];
}

interface PlacedText {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** A fault for every text that came before. */
function repeated(texts: readonly PlacedText[], message: (text: string) => string): PlacedFault[] {
  const seen = new Set<string>();
  const faults: PlacedFault[] = [];
  for (const { path, text } of texts) {
    if (seen.has(text)) faults.push({ path, message: message(text) });
    seen.add(text);
  }
  return faults;
}

/** The addresses to listen on that name a port; `0.0.0.0:2055` and `:2055` are one, since both take every address. */
function listeners(value: unknown, key: string): PlacedText[] {
  const texts: PlacedText[] = [];
  for (const [at, entry] of listOf(value).entries()) {
    const listen = typeof entry === 'string' ? parseListen(entry) : undefined;
    if (listen === undefined || listen.port === 0) continue;
    const every = listen.address === '0.0.0.0' || listen.address === '::';
    const where = every ? `port ${listen.port} of every address` : `${listen.address} port ${listen.port}`;
    texts.push({ path: ['inputs', key, at], text: where });
  }
  return texts;
}

function fieldOf(list: unknown, key: string, field: string): PlacedText[] {
  return listOf(list).flatMap((entry, at) => placed([key, at, field], groupOf(entry)[field]));
}

function canonicalAddress(text: string): string {
  const words = parseAddress(text);
  return words === undefined ? text : formatAddress(words);
}

/** A value that can be compared, with its place; nothing for another. */
function placed(path: readonly PropertyKey[], value: unknown): PlacedText[] {
  return typeof value === 'string' || typeof value === 'number' ? [{ path, text: String(value) }] : [];
}

function groupOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
