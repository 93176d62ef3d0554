import type { CheckSubject } from '../../model/check-subject.ts';
import { literalFamily } from '../../model/check-subject.ts';
import type { Attempt, ProbeTools } from './attempt.ts';
import { chooseAddress, sourceOf, verifyRemote } from './attempt.ts';
import { openTcp } from './connect.ts';
import { CheckFault } from './fault.ts';
import { ping } from './icmp.ts';
import { ask, resolverOf } from './names.ts';

/** Connects to a port, and lets go of it at once. */
export async function tcpAttempt(subject: CheckSubject, attempt: Attempt, tools: ProbeTools): Promise<void> {
  const address = await chooseAddress(subject.host, attempt, tools);
  const source = sourceOf(tools, attempt.family);
  const socket = await attempt.timed('connect', () => openTcp(address, subject.port, source, attempt.signal));
  try {
    verifyRemote(socket.remoteAddress, subject.host, tools);
  } finally {
    socket.destroy();
  }
}

/** Asks whether a name has addresses: the usual resolver, or the server that the URL names. */
export async function dnsAttempt(subject: CheckSubject, attempt: Attempt, tools: ProbeTools): Promise<void> {
  const name = decodeURIComponent(subject.url.pathname.replace(/^\/+|\/+$/g, ''));
  if (name === '') {
    await chooseAddress(subject.host, attempt, tools);
    return;
  }
  const server = literalFamily(subject.host) === undefined ? await serverOf(subject, attempt, tools) : subject.host;
  tools.names.permit(server, subject.host);
  attempt.address = server;
  const resolver = resolverOf([server.includes(':') ? `[${server}]:${subject.port}` : `${server}:${subject.port}`]);
  await attempt.timed('dns', () => ask(resolver, name, attempt.family, attempt.signal));
}

async function serverOf(subject: CheckSubject, attempt: Attempt, { names }: ProbeTools): Promise<string> {
  const found = await Promise.allSettled(
    ([4, 6] as const).map((family) => names.addresses(subject.host, family, attempt.signal)),
  );
  const addresses = found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses[attempt.turn % addresses.length];
  throw new CheckFault('dns', 'no-address', `the name server ${subject.host} has no address`);
}

/** Sends an echo request and waits for the answer; told as the phase `connect`. */
export async function icmpAttempt(subject: CheckSubject, attempt: Attempt, tools: ProbeTools): Promise<void> {
  const address = await chooseAddress(subject.host, attempt, tools);
  await attempt.timed('connect', () => ping(address, attempt.family, attempt.signal));
}
