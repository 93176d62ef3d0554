import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

test('a suggestion is made for a slip, not for another word', () => {
  assert.equal(nearest('adresses', ['name', 'urls', 'addresses']), 'addresses');
  assert.equal(nearest('NETWORK', ['networks', 'sites']), 'networks');
  assert.equal(nearest('colour', ['name', 'urls', 'addresses']), undefined);
});

test('the beginning of a word is enough', () => {
  assert.equal(nearest('cisco', ['arista', 'cisco-ios-xe', 'cisco-ios-xr']), 'cisco-ios-xe');
  assert.equal(nearest('op', ['open-vswitch']), undefined);
});

test('a page of text is nobody’s slip', () => {
  assert.equal(nearest('n'.repeat(1 << 20), ['networks', 'n'.repeat(1 << 20)]), undefined);
});
