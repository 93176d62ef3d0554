/** What names the prober to the sites that it checks: who runs it can be asked to stop. Header values are ASCII. */
export function userAgent(version: string, organisation?: string): string {
  const whose = organisation?.replace(/[^\x20-\x7e]|[()\\]/g, '').trim();
  return `Bonghwa/${version} (availability check${whose === undefined || whose === '' ? '' : ` of ${whose}`})`;
}
