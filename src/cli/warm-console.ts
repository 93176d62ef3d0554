import { formatListen, type ListenAddress } from '../base/listen.ts';

/** Asks for the first page once, where a person is about to look: a checkout builds its console then, and not when it is waited for. */
export async function warmConsole(http: ListenAddress): Promise<void> {
  const answer = await fetch(`http://${formatListen(http)}/`, { headers: { accept: 'text/html' } }).catch(
    () => undefined,
  );
  await answer?.body?.cancel();
}
