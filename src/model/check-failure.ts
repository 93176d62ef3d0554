/**
 * Why a check did not end well: stable codes, and what each means. They stand in `CheckResult.failure.code`, in the API, and in
 * docs/vantages.md, which is written from this table.
 */
export const CHECK_FAILURES = {
  timeout: 'nothing came in time; the phase says what was waited for',
  'bad-url': 'the URL cannot be checked as it is written',
  'no-such-name': 'DNS says that the name does not exist',
  'no-address': 'the name exists, and has no address of this family',
  'dns-failed': 'the resolver could not answer (SERVFAIL, REFUSED, or an answer that is none)',
  'private-address': 'the name leads to a private, loopback or otherwise inside address, which is not probed',
  refused: 'the connection was refused',
  reset: 'the connection was reset',
  closed: 'the connection was closed before the answer was whole',
  unreachable: 'there is no way to the address from here',
  'connect-failed': 'the connection could not be made, for a reason that has no code of its own',
  'tls-failed': 'TLS could not be agreed on',
  'certificate-expired': 'the certificate is past its time',
  'certificate-not-yet-valid': 'the certificate is before its time',
  'certificate-name': 'the certificate is for another name',
  'certificate-untrusted': 'no authority that is trusted here stands behind the certificate',
  'not-http': 'what answered does not speak HTTP as it should',
  'headers-too-large': 'the header of the answer is larger than 64 KiB',
  'redirect-loop': 'the redirects lead round in a ring',
  'redirects-too-many': 'there are more than 10 redirects in a row',
  'redirect-invalid': 'a redirect leads to what is no http or https URL',
  'encoding-broken': 'the content cannot be decompressed as it says',
  'decompression-bomb': 'the content decompresses to more than 8 MiB out of 256 KiB',
  status: 'the status is not one that was expected',
  'text-missing': 'the text that has to be in the answer is not there',
  'text-forbidden': 'a text that must not be in the answer is there',
  'blocked-page': 'the page says that the vantage is blocked',
  'maintenance-page': 'the page says that the site is under maintenance',
  'challenge-page': 'the page asks the vantage to prove that it is a person or a browser',
  'no-way-out': "the vantage's own way out failed: nothing is known of the site",
  'not-supported': 'this machine cannot make this kind of check',
} as const satisfies Record<string, string>;
export type CheckFailureCode = keyof typeof CHECK_FAILURES;
