/**
 * What a web server says of its own connections at one moment: slow attacks hold connections that never become a line of its log. From
 * `stub_status` of nginx, the statistics of HAProxy, or `server-status` of Apache.
 */
export interface ServerStatus {
  /** Who says it, as the configuration names it: the site, or the URL that was asked. */
  readonly source: string;
  /** When it was asked, ms since 1970. */
  readonly atMs: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Connections that can be open; absent where the server does not say. */
  readonly connectionsMax?: number;
  /** Requests since the server was started; absent where it does not say. */
  readonly requests?: number;
  /** Connections whose request is being read: those of slowloris. Absent where the server does not tell what connections wait for. */
  readonly reading?: number;
  /** Connections that are being answered: those of a slow reader. */
  readonly writing?: number;
  /** Idle connections that are kept open. */
  readonly waiting?: number;
}
