import { hashText } from '../../base/hash.ts';
import { formatTime } from '../../base/units.ts';
import type { Target } from '../../model/attack.ts';

/** Letters of the target's name that an id shows. */
const NAME_LENGTH_MAX = 40;

export interface AttackIdParts {
  readonly startMs: number;
  readonly detectedAtMs: number;
  readonly direction: 'in' | 'out';
  readonly target: Target;
  /** What is attacked: sites share names, and a /24 may be a step of the ladder and a configured network. */
  readonly key: string;
  /** That of the detector. Stations draw theirs; replays have the same one, and give the same ids. */
  readonly seed: number;
}

/**
 * Id of an attack for all its life: `20251123T202257Z-in-198.51.100.10-5f3a09c1d2b7`. Its start to the second, its direction and its
 * target are there to be read; the hash at the end makes it unique among attacks of one start, and among stations. Letters,
 * digits, dots and hyphens only.
 */
export function attackId(parts: AttackIdParts): string {
  const start = (formatTime(parts.startMs) ?? 'unknown').slice(0, 19).replace(/[-:]/g, '');
  const name = parts.target.value
    .replace(/[^0-9A-Za-z.]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, NAME_LENGTH_MAX);
  const all = [parts.startMs, parts.detectedAtMs, parts.direction, parts.target.kind, parts.target.value, parts.key];
  return `${start}Z-${parts.direction}-${name === '' ? parts.target.kind : name}-${hashText(all.join(' '), parts.seed)}`;
}
