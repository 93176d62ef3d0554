import { formatListen } from '../../base/listen.ts';
import { type Check, quoted } from './check.ts';
import type { Facts, ListenerFacts } from './facts.ts';

/** Faults of a configuration that are shown here; `bonghwa check` shows all. */
const PROBLEMS_SHOWN_MAX = 3;
/** A port beyond which a program needs no privilege. */
const PRIVILEGED_PORT_MAX = 1023;

export function judgeConfiguration({ configuration }: Facts): Check[] {
  const about = { id: 'configuration', title: 'configuration' };
  const { file, unreadable, problems, notes } = configuration;
  if (unreadable !== undefined) {
    const commands = [`bonghwa init ${file ?? ''}`.trimEnd()];
    return [
      { ...about, verdict: 'fault', found: unreadable, advice: 'Name the file that you mean, or write one.', commands },
    ];
  }
  if (problems.length > 0) {
    const first = problems
      .slice(0, PROBLEMS_SHOWN_MAX)
      .map(({ line, path, message }) => `line ${line}: ${path === '' ? '' : `${path}: `}${message}`);
    const count = problems.length === 1 ? 'one fault' : `${problems.length} faults`;
    return [
      {
        ...about,
        verdict: 'fault',
        found: `${file} has ${count}: ${first.join('; ')}. What follows is about the defaults`,
        advice: 'Correct them; all of them are shown by',
        commands: [`bonghwa check ${file}`],
      },
    ];
  }
  const found = file === undefined ? 'none; the defaults are in force' : `${file} is right`;
  const checks: Check[] = [{ ...about, verdict: 'ok', found }];
  for (const note of notes)
    checks.push({ id: 'configuration-note', title: 'configuration', verdict: 'warning', found: note });
  return checks;
}

export function judgeListeners({ listeners, station }: Facts): Check[] {
  return listeners.map((listener) => judgeListener(listener, station));
}

function judgeListener(facts: ListenerFacts, station: Facts['station']): Check {
  const runs = station.kind === 'running';
  const { use, listen, state, holder, reason, dropped } = facts;
  const key = use === 'http' ? 'http.listen' : `inputs.${use}`;
  const about = { id: `port-${use}-${listen.port}`, title: `${use} ${formatListen(listen)}` };
  if (state === 'free') return { ...about, verdict: 'ok', found: 'free' };
  if (state === 'refused') {
    const privileged = listen.port <= PRIVILEGED_PORT_MAX && reason === 'EACCES';
    return {
      ...about,
      verdict: 'fault',
      found: privileged
        ? `port ${listen.port} needs a privilege`
        : `the system refuses it: ${reason ?? 'no reason given'}`,
      advice: privileged
        ? `Take a port above ${PRIVILEGED_PORT_MAX} (${key}), or give the unit AmbientCapabilities=CAP_NET_BIND_SERVICE.`
        : `Write an address that this machine has (${key}); these it has:`,
      ...(privileged ? {} : { commands: ['ip -brief address'] }),
    };
  }
  if (runs && holder !== undefined && (station.pid === undefined || holder.pid === station.pid)) {
    const lost = dropped !== undefined && dropped > 0;
    return {
      ...about,
      verdict: lost ? 'warning' : 'ok',
      found: lost
        ? `the station listens; ${dropped} datagrams were dropped because its buffer was full`
        : `the station listens (pid ${holder.pid})`,
      ...(lost ? { advice: 'See the receive buffer below, and inputs.workers.' } : {}),
    };
  }
  // Without the privilege to look into other programs nobody tells who holds it.
  if (runs && holder === undefined) return { ...about, verdict: 'ok', found: 'held, by the station as it seems' };
  const protocol = use === 'http' ? '-ltnp' : '-lunp';
  return {
    ...about,
    verdict: 'fault',
    found: holder === undefined ? 'held by another program' : `held by ${holder.command} (pid ${holder.pid})`,
    advice: `Stop that program, or take another address or port (${key}).`,
    commands: [`sudo ss ${protocol} 'sport = :${listen.port}'`],
  };
}

export function judgeStores({ stores }: Facts): Check[] {
  return stores.map(({ name, address, fault }) => ({
    id: `store-${name}`,
    title: `${name} store`,
    verdict: fault === undefined ? 'ok' : 'fault',
    found: fault === undefined ? `${address} takes connections; signing in was not tried` : fault,
    ...(fault === undefined
      ? {}
      : {
          advice: `Start it, or correct storage.${name}. Detection goes on without it, and what is not kept is counted.`,
        }),
  }));
}

const FILE_FAULTS = {
  missing: 'it is not there',
  closed: 'permission is denied',
  directory: 'it is a directory',
} as const;

export function judgeFiles({ files }: Facts): Check[] {
  return files.map(({ key, path, state }) => {
    const about = { id: `file-${key}`, title: key };
    if (state === 'usable') return { ...about, verdict: 'ok', found: path };
    const pipe = key === 'inputs.pcap' && state === 'missing';
    return {
      ...about,
      verdict: 'fault',
      found: `${path} cannot be used: ${FILE_FAULTS[state]}`,
      advice: pipe
        ? 'Make the pipe, then let a program write packets into it.'
        : `Name another, or let the station's user have it (${key}).`,
      ...(pipe ? { commands: [`mkfifo ${quoted(path)}`] } : {}),
    };
  });
}
