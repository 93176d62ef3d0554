import { checkDocuments } from './documents.ts';
import { byPlace, type Finding } from './finding.ts';
import { checkForbidden, checkLength } from './forbidden.ts';
import { checkConsoleImports, checkCycles, checkImportTable } from './import-table.ts';
import type { Project } from './project.ts';
import { checkReached } from './reached.ts';

/** All rules of the house that can be checked by reading, over one project. */
export function checkHouse(project: Project): readonly Finding[] {
  return [
    ...checkImportTable(project),
    ...checkConsoleImports(project),
    ...checkCycles(project),
    ...checkReached(project),
    ...checkForbidden(project),
    ...checkLength(project),
    ...checkDocuments(project),
  ].sort(byPlace);
}
