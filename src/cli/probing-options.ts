import type { Command } from 'commander';
import { addText } from './options.ts';

/** Adds what every command that checks sites from here can be told of how it goes out. */
export function addProbing(command: Command): Command {
  return command
    .option('--allow-private', 'probe loopback and private addresses too')
    .option('--dns <address>', 'ask this DNS server; repeatable', addText)
    .option('--source <address>', 'go out from this address of the machine; repeatable', addText)
    .option('--way-out <host:port>', 'what takes connections while this vantage has its way out; repeatable', addText)
    .option('--ca <file>', 'trust the authorities in this PEM file too')
    .option('--timeout <length>', 'how long an attempt may take (default: 10s)')
    .option('--retries <lengths>', 'when to try again, such as 2s,10s; none for never (default: 2s,10s)');
}
