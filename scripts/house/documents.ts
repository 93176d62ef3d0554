import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import type { Project } from './project.ts';

interface Link {
  /** As written, without a title. */
  readonly target: string;
  readonly line: number;
}

/** The text of a document with fenced and inline code blanked, line by line, so that examples are not taken for links. */
function proseLines(text: string): readonly string[] {
  let fence: string | undefined;
  return text.split('\n').map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      return '';
    }
    return fence === undefined ? line.replaceAll(/`[^`]*`/g, '') : '';
  });
}

/** Links and images of a Markdown text, inline (`[a](b)`) and as references (`[a]: b`). */
export function linksOf(text: string): readonly Link[] {
  const links: Link[] = [];
  for (const [at, line] of proseLines(text).entries()) {
    for (const found of line.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)) {
      links.push({ target: found[1], line: at + 1 });
    }
    const reference = /^\s*\[[^\]]+\]:\s*(\S+)/.exec(line);
    if (reference !== null) links.push({ target: reference[1], line: at + 1 });
  }
  return links;
}

/** Anchors of the headings, as the usual hosts make them: lower case, spaces to hyphens, punctuation dropped. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  let fenced = false;
  for (const line of text.split('\n')) {
    if (/^\s*(`{3,}|~{3,})/.test(line)) fenced = !fenced;
    const heading = fenced ? null : /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (heading === null) continue;
    const anchor = heading[1]
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    let unique = anchor;
    for (let copy = 1; anchors.has(unique); copy++) unique = `${anchor}-${copy}`;
    anchors.add(unique);
  }
  return anchors;
}

const isOutside = (target: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('//');

/** Relative links that lead nowhere, and files under `docs/` that no reader starting at README.md comes to. */
export function checkDocuments(project: Project): readonly Finding[] {
  const findings: Finding[] = [];
  const linked = new Map<string, Set<string>>();
  for (const [file, text] of project.documents) {
    const targets = new Set<string>();
    linked.set(file, targets);
    for (const { target, line } of linksOf(text)) {
      if (isOutside(target)) continue;
      const [path, anchor] = target.split('#');
      const resolved =
        path === '' ? file : posix.join(posix.dirname(file), decodeURIComponent(path)).replace(/\/$/, '');
      targets.add(resolved);
      const problem = brokenLink(project, resolved, target, anchor);
      if (problem !== undefined) {
        findings.push({ file, line, rule: 'broken-link', problem, instead: 'name a file or heading that is there' });
      }
    }
  }
  const read = new Set<string>();
  const open = ['README.md'];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (read.has(file)) continue;
    read.add(file);
    open.push(...(linked.get(file) ?? []));
  }
  for (const path of project.paths) {
    const isFile = posix.extname(path) !== '';
    if (!path.startsWith('docs/') || !isFile || read.has(path)) continue;
    findings.push({
      file: path,
      line: 1,
      rule: 'unreferenced-doc',
      problem: 'no document that a reader comes to from README.md links here',
      instead: 'link it where its question is asked, or from docs/README.md',
    });
  }
  return findings;
}

function brokenLink(
  project: Project,
  resolved: string,
  target: string,
  anchor: string | undefined,
): string | undefined {
  if (resolved.startsWith('..')) return `${target} leads out of the project`;
  if (!project.paths.has(resolved)) return `${target} leads nowhere`;
  const text = project.documents.get(resolved);
  if (anchor === undefined || text === undefined || anchorsOf(text).has(anchor)) return undefined;
  return `${target} names a heading that is not there`;
}
