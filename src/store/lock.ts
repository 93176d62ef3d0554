/** Who runs on a data directory. */
export interface LockInfo {
  readonly pid: number;
  /** Where its HTTP answers, as `127.0.0.1:8480`; absent where it has none. */
  readonly http?: string | undefined;
}

export interface LockHolder extends LockInfo {
  /** When it took the directory, ISO 8601. */
  readonly since: string;
}

export interface Lock {
  /** Says something else than was said at first: where HTTP listens is known only later. */
  update(info: LockInfo): Promise<void>;
  /** Lets others have the directory. */
  release(): Promise<void>;
}
