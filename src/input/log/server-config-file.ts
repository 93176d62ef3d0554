import { globSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type LogFormat, parseLogFormat } from '../../wire/log/log-formats.ts';
import { readServerConfig, SERVER_CONFIG_CHARS_MAX } from '../../wire/log/server-config.ts';

/** Files that a configuration may be of, all its includes together, and how deep those may go. */
const FILES_MAX = 256;
const DEPTH_MAX = 8;

/**
 * The format of a log as people write it: as `parseLogFormat` reads it, or `@FILE` and `@FILE:NAME`, which takes it from the
 * configuration of the server itself: the format of that name, else the one that the log at `logPath` has there, else the only one.
 * A string says what is wrong.
 */
export function readLogFormat(text: string, logPath?: string): LogFormat | string {
  if (!text.startsWith('@')) return parseLogFormat(text);
  const [, file, name] = /^@(.+?)(?::(\w+))?$/.exec(text) ?? [];
  if (file === undefined) return 'behind @ stands the configuration file of a server';
  const read = readFiles(file);
  if (typeof read === 'string') return read;
  const { formats, logs } = read;
  const wanted = name ?? logs.find(({ path }) => path === logPath)?.format ?? onlyOne(formats, logs);
  if (wanted === undefined)
    return `${file} has several formats (${[...formats.keys()].join(', ')}): name one, as @${file}:${[...formats.keys()][0] ?? 'NAME'}`;
  const format = formats.get(wanted);
  if (format !== undefined) return parseLogFormat(format);
  // `combined` and `common` are built into the servers.
  if (wanted === 'combined' || wanted === 'common') return parseLogFormat('combined');
  // Apache may write the format itself in place of a name.
  return /%/.test(wanted)
    ? parseLogFormat(wanted)
    : `${file} has no format '${wanted}'; it has ${[...formats.keys()].join(', ') || 'none'}`;
}

interface Read {
  readonly formats: Map<string, string>;
  readonly logs: { path: string; format: string }[];
}

/** The format that all logs have, or the only one there is. */
function onlyOne(formats: ReadonlyMap<string, string>, logs: readonly { format: string }[]): string | undefined {
  const used = new Set(logs.map(({ format }) => format));
  if (used.size === 1) return [...used][0];
  return formats.size === 1 ? [...formats.keys()][0] : undefined;
}

function readFiles(file: string): Read | string {
  const read: Read = { formats: new Map(), logs: [] };
  const seen = new Set<string>();
  const top = dirname(file);
  const visit = (path: string, depth: number): string | undefined => {
    if (seen.has(path) || seen.size >= FILES_MAX || depth > DEPTH_MAX) return undefined;
    seen.add(path);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      return `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (text.length > SERVER_CONFIG_CHARS_MAX) return `${path} is longer than any configuration`;
    const { formats, logs, includes } = readServerConfig(text);
    for (const [name, format] of formats) read.formats.set(name, format);
    read.logs.push(...logs);
    for (const pattern of includes) {
      const whole = isAbsolute(pattern) ? pattern : join(top, pattern);
      // An include that cannot be read is the server's matter; what else is there may be enough.
      for (const included of globSync(whole).sort()) visit(included, depth + 1);
    }
    return undefined;
  };
  return visit(file, 0) ?? read;
}
