/** One place where a house rule is broken, and what to write instead. */
export interface Finding {
  /** Path from the top of the checkout, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Name of the rule, as CONTRIBUTING.md lists it. */
  readonly rule: string;
  /** What is wrong there. */
  readonly problem: string;
  /** What to do instead. */
  readonly instead: string;
}

/** `src/wire/a.ts:12: imports: … — do this instead`. One line, so that editors and people can jump to it. */
export function formatFinding(finding: Finding): string {
  const instead = finding.instead === '' ? '' : ` — ${finding.instead}`;
  return `${finding.file}:${finding.line}: ${finding.rule}: ${finding.problem}${instead}`;
}

/** Order of files and lines, so that two runs print the same. */
export function byPlace(left: Finding, right: Finding): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line;
}
