import { parseAddress } from '../base/ip.ts';
import { nearest } from '../base/nearest.ts';
import { parsePrefix } from '../base/prefix.ts';
import { EXPORTER_VENDORS } from '../model/config-schema.ts';

/** Asks a question and gives the answer without blanks round it; `fault` says why the answer before was not taken. */
export type Ask = (question: string, fault?: string) => Promise<string>;

/** Addresses of a host name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** Exporters that are asked for; further ones are written into the file by hand. */
const EXPORTERS_MAX = 20;
/** Answers to one question that are refused before it is left at its default. */
const TRIES_MAX = 10;

/** An answer that is understood, or what is wrong with it. */
type Read<Value> = { readonly value: Value } | { readonly fault: string };

/** Asks what a first configuration needs. An empty answer takes the default, which is nothing or no. */
export async function interview(ask: Ask, lookup: Lookup): Promise<Readonly<Record<string, unknown>>> {
  const organisation = await until(ask, 'Who runs this station (organisation)? [none]', nameOrNothing);
  const networks = await until(
    ask,
    'Which networks are yours, as 192.0.2.0/24 2001:db8::/32? [every destination]',
    prefixes,
  );
  const site = await askSite(ask, lookup);
  const exporters = await askExporters(ask);
  const open = await until(
    ask,
    `Listen for telemetry on every address of this machine, not on loopback alone (UDP 2055, 4739, 6343)? [no]`,
    yesOrNo,
  );
  return {
    ...(organisation === undefined ? {} : { organisation: { name: organisation } }),
    ...(networks.length === 0 ? {} : { networks }),
    ...(site === undefined ? {} : { sites: [site] }),
    ...(exporters.length === 0 ? {} : { exporters }),
    ...(open ? { inputs: { netflow: [':2055', ':4739'], sflow: [':6343'] } } : {}),
  };
}

async function askSite(ask: Ask, lookup: Lookup): Promise<Record<string, unknown> | undefined> {
  const url = await until(ask, 'URL of a site to protect, as https://portal.example/? [none]', siteUrl);
  if (url === undefined) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const name = (await until(ask, `What do people call it? [${host}]`, nameOrNothing)) ?? host;
  const literal = parseAddress(host) !== undefined;
  const asked = !literal && (await until(ask, `Look up the addresses of ${host} by DNS now? [no]`, yesOrNo));
  const found = literal ? [host] : asked ? await addressesOf(host, lookup) : [];
  const standard = found.length === 0 ? 'none' : found.join(' ');
  const told = await until(ask, `Its addresses? [${standard}]`, addressList);
  return { name, urls: [url.href], addresses: told.length === 0 ? found : told };
}

/** The addresses that DNS gives, none where it gives none: the next question asks for them. */
async function addressesOf(host: string, lookup: Lookup): Promise<readonly string[]> {
  try {
    return [...new Set(await lookup(host))].filter((text) => parseAddress(text) !== undefined).slice(0, 100);
  } catch {
    return [];
  }
}

async function askExporters(ask: Ask): Promise<Record<string, unknown>[]> {
  const exporters: Record<string, unknown>[] = [];
  while (exporters.length < EXPORTERS_MAX) {
    const which =
      exporters.length === 0 ? 'Address of a router or switch that exports here' : 'Address of the next one';
    const taken = new Set(exporters.map(({ address }) => address));
    const address = await until(ask, `${which}? [none]`, (text) =>
      taken.has(text) ? { fault: `${text} was named already` } : addressOrNothing(text),
    );
    if (address === undefined) return exporters;
    const names = new Set(exporters.map(({ name }) => name));
    const standard = `exporter-${exporters.length + 1}`;
    const name = await until(ask, `What do people call it? [${standard}]`, (text) =>
      names.has(text) ? { fault: `'${text}' was named already` } : nameOrNothing(text),
    );
    const vendor = await until(ask, `What is it (${EXPORTER_VENDORS.join(', ')})? [not told]`, vendorOrNothing);
    const rate = await until(ask, 'It looks at one packet in how many? [what its telemetry says]', rateOrNothing);
    exporters.push({
      name: name ?? standard,
      address,
      ...(rate === undefined ? {} : { samplingRate: rate }),
      ...(vendor === undefined ? {} : { vendor }),
    });
  }
  return exporters;
}

/** Asks until the answer is understood. */
async function until<Value>(ask: Ask, question: string, read: (text: string) => Read<Value>): Promise<Value> {
  let fault: string | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = read(await ask(question, fault));
    if ('value' in answer) return answer.value;
    fault = answer.fault;
  }
  const standard = read('');
  if ('value' in standard) return standard.value;
  throw new RangeError('every question has a default');
}

function nameOrNothing(text: string): Read<string | undefined> {
  if (text.length > 200) return { fault: 'a name has at most 200 characters' };
  return { value: text === '' ? undefined : text };
}

function yesOrNo(text: string): Read<boolean> {
  if (/^(y|yes)$/i.test(text)) return { value: true };
  return /^(n|no|)$/i.test(text) ? { value: false } : { fault: `'${text}' is neither yes nor no` };
}

const wordsOf = (text: string): string[] => text.split(/[\s,;]+/).filter((word) => word !== '');

function prefixes(text: string): Read<string[]> {
  const words = wordsOf(text);
  const wrong = words.find((word) => parsePrefix(word) === undefined);
  return wrong === undefined ? { value: words } : { fault: `'${wrong}' is no prefix such as 192.0.2.0/24` };
}

function addressList(text: string): Read<string[]> {
  const words = wordsOf(text);
  const wrong = words.find((word) => parseAddress(word) === undefined);
  return wrong === undefined ? { value: words } : { fault: `'${wrong}' is no IPv4 or IPv6 address` };
}

function addressOrNothing(text: string): Read<string | undefined> {
  if (text === '') return { value: undefined };
  return parseAddress(text) === undefined ? { fault: `'${text}' is no IPv4 or IPv6 address` } : { value: text };
}

function siteUrl(text: string): Read<URL | undefined> {
  if (text === '') return { value: undefined };
  // Most people write the name of the site alone.
  const full = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url?.password !== undefined && url.password !== '') return { fault: 'leave the password out' };
  return url !== undefined && /^https?:$/.test(url.protocol)
    ? { value: url }
    : { fault: `'${text}' is no http or https URL` };
}

function vendorOrNothing(text: string): Read<string | undefined> {
  if (text === '') return { value: undefined };
  if ((EXPORTER_VENDORS as readonly string[]).includes(text)) return { value: text };
  const near = nearest(text, EXPORTER_VENDORS);
  return { fault: `'${text}' is not known${near === undefined ? '' : `; did you mean ${near}?`}` };
}

function rateOrNothing(text: string): Read<number | undefined> {
  if (text === '') return { value: undefined };
  const rate = Number(text.replace(/^1(\s*:\s*| in )/, ''));
  return Number.isInteger(rate) && rate >= 1 && rate <= 0xffffffff
    ? { value: rate }
    : { fault: `'${text}' is no whole number from 1 on` };
}
