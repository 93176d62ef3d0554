import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from './ip.ts';
import { specialAddress } from './special-address.ts';

const special = (text: string): string | undefined => specialAddress(parseAddress(text)!);

describe('special addresses', () => {
  it('are those of the registries, to their edges', () => {
    const inside =
      '0.0.0.0 10.0.0.0 10.255.255.255 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 198.19.0.1 224.0.0.1 255.255.255.255 :: ::1 fe80::1 fd00::1 ff02::1 2001:db8::1 ::ffff:127.0.0.1 ::10.0.0.1';
    for (const text of inside.split(' ')) assert.ok(special(text), text);
    const outside =
      '1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 172.15.255.255 172.32.0.0 192.0.1.0 223.255.255.255 2606:4700::1111 2001:4860::8888 2a00::1';
    for (const text of outside.split(' ')) assert.equal(special(text), undefined, text);
  });

  it('are judged by the IPv4 address that they hold', () => {
    assert.match(special('64:ff9b::10.0.0.1') ?? '', /1918/);
    assert.equal(special('64:ff9b::8.8.8.8'), undefined);
    assert.match(special('2002:7f00:1::1') ?? '', /loopback/);
    assert.equal(special('2002:808:808::1'), undefined);
  });
});
