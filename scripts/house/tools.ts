import { relative, sep } from 'node:path';
import type { Finding } from './finding.ts';

/** Findings of `tsc --pretty false`: `src/a.ts(3,39): error TS2367: …`, further lines of one error indented. */
export function parseTypes(stdout: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const line of stdout.split('\n')) {
    const found = /^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line);
    if (found !== null) {
      findings.push({
        file: found[1],
        line: Number(found[2]),
        rule: 'types',
        problem: `${found[4]} (${found[3]})`,
        instead: '',
      });
      continue;
    }
    // An error that belongs to no file, such as a broken tsconfig.json.
    const general = /^error (TS\d+): (.*)$/.exec(line);
    if (general !== null) {
      findings.push({
        file: 'tsconfig.json',
        line: 1,
        rule: 'types',
        problem: `${general[2]} (${general[1]})`,
        instead: '',
      });
    }
  }
  return findings;
}

/** Findings of `biome ci --reporter=github`; `top` is the checkout, which the report names with its whole path. */
export function parseBiome(stdout: string, top: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const line of stdout.split('\n')) {
    const found = /^::(?:error|warning|notice) (.*?)::(.*)$/.exec(line);
    if (found === null) continue;
    const fields = new Map(found[1].split(',').map((field) => field.split('=', 2) as [string, string]));
    const rule = fields.get('title') ?? 'biome';
    const instead = rule === 'format' ? 'run: npx biome check --write' : '';
    findings.push({
      file: relative(top, fields.get('file') ?? top).replaceAll(sep, '/') || '.',
      line: Number(fields.get('line') ?? 1),
      rule: `biome/${rule}`,
      problem: found[2],
      instead,
    });
  }
  return findings;
}
