import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openCountries } from './countries.ts';

describe('countries of addresses', () => {
  it('come from the packaged table, for IPv4 and IPv6', async () => {
    const countryOf = await openCountries();
    // Addresses of the RIPE NCC, and of Korea Telecom's resolver, that have been where they are for decades.
    assert.equal(countryOf('193.0.0.193'), 'NL');
    assert.equal(countryOf('168.126.63.1'), 'KR');
    assert.equal(countryOf('2001:67c:2e8:22::c100:68b'), 'NL');
  });

  it('are unknown for addresses that nobody holds', async () => {
    const countryOf = await openCountries();
    assert.equal(countryOf('10.1.2.3'), undefined);
    assert.equal(countryOf('fe80::1'), undefined);
  });
});
