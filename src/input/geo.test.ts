import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../base/ip.ts';
import { type Geo, openGeo } from './geo.ts';
import { compileGeo, type GeoFile, kindOf } from './geo-source.ts';
import { GeoRanges, GeoTable, writeTable } from './geo-table.ts';

const words = (text: string): Uint32Array => parseAddress(text) ?? new Uint32Array(4);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const inMemory = (name: string, all: Uint8Array): GeoFile => ({
  name,
  whole: () => all,
  read(into, at) {
    const piece = all.subarray(at, at + into.length);
    into.set(piece);
    return piece.length;
  },
});
const csv = (text: string): GeoFile => inMemory('asn.csv', bytes(text));
const placeOf = (geo: Geo, address: string): [string | undefined, number] => [
  geo.countryOf(words(address), 0),
  geo.asnOf(words(address), 0),
];

describe('countries and autonomous systems of addresses', () => {
  let directory = '';
  let geo: Geo;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bonghwa-geo-'));
    geo = await openGeo({ cacheDirectory: join(directory, 'cache') });
  });
  after(() => rm(directory, { recursive: true }));

  it('come from the packaged tables, for IPv4 and IPv6', () => {
    assert.deepEqual(geo.problems, []);
    assert.deepEqual(
      geo.tables.map(({ kind, from }) => `${from} ${kind}`),
      ['packaged country', 'packaged asn'],
    );
    // Addresses of the RIPE NCC, of Korea Telecom's resolver and of Google's, that have been where they are for decades.
    assert.deepEqual(placeOf(geo, '193.0.0.193'), ['NL', 3333]);
    assert.deepEqual(placeOf(geo, '168.126.63.1'), ['KR', 4766]);
    assert.deepEqual(placeOf(geo, '2001:67c:2e8:22::c100:68b'), ['NL', 3333]);
    assert.deepEqual(placeOf(geo, '2001:4860:4860::8888'), ['US', 15169]);
    assert.equal(geo.asName(4766), 'Korea Telecom');
  });

  it('are unknown for addresses that nobody holds', () => {
    for (const address of ['10.1.2.3', 'fe80::1', '0.0.0.0', '255.255.255.255', '::', 'ffff::'])
      assert.deepEqual(placeOf(geo, address), [undefined, 0], address);
    assert.equal(geo.asName(4_294_967_295), undefined);
  });

  it('are those of the source, range by range', async () => {
    const path = createRequire(import.meta.url).resolve('@ip-location-db/asn/asn-ipv4.csv');
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    let wrong = 0;
    for (let at = 0; at < lines.length; at += 97) {
      const [first, last, asn] = lines[at].split(',');
      for (const address of [first, last]) if (geo.asnOf(words(address), 0) !== Number(asn)) wrong++;
    }
    // A handful of ranges of the source overlap.
    assert.ok(wrong <= 2, String(wrong));
  });

  it('are read from the cache the next time, unless that was damaged', async () => {
    const cache = join(directory, 'cache');
    const names = await readdir(cache);
    assert.equal(names.length, 2);
    const asn = names.find((name) => name.startsWith('geo-asn-')) ?? '';
    const whole = await readFile(join(cache, asn));
    const damaged = Buffer.from(whole);
    damaged[damaged.length >> 1] ^= 1;
    await writeFile(join(cache, asn), damaged);
    const again = await openGeo({ cacheDirectory: cache });
    assert.deepEqual([placeOf(again, '168.126.63.1'), again.problems], [['KR', 4766], []]);
    assert.ok(whole.equals(await readFile(join(cache, asn))), 'it was made again');
    assert.deepEqual((await readdir(cache)).sort(), names.sort());
  });

  it('come from an operator’s files where there are any, and are taken over when those change', async () => {
    const own = join(directory, 'own');
    const cacheDirectory = join(directory, 'own-cache');
    await mkdir(own);
    await writeFile(
      join(own, 'asn.csv'),
      '198.51.100.0,198.51.100.255,64500,"Example, ""one"""\n2001:db8::,2001:db8::ffff,64501,two\n',
    );
    const first = await openGeo({ directory: own, cacheDirectory });
    assert.deepEqual(
      first.tables.map(({ kind, from }) => `${from} ${kind}`),
      ['packaged country', 'directory asn'],
    );
    assert.deepEqual([first.asnOf(words('198.51.100.7'), 0), first.asnOf(words('2001:db8::7'), 0)], [64500, 64501]);
    assert.deepEqual([first.asName(64500), first.asnOf(words('168.126.63.1'), 0)], ['Example, "one"', 0]);
    await writeFile(join(own, 'asn.csv'), '198.51.100.0,198.51.100.255,64502,other\n');
    await utimes(join(own, 'asn.csv'), 1, 2);
    await writeFile(join(own, 'country.csv'), '198.51.100.0,198.51.100.255,KR\n');
    const second = await openGeo({ directory: own, cacheDirectory });
    assert.deepEqual(placeOf(second, '198.51.100.7'), ['KR', 64502]);
    assert.equal(first.asnOf(words('198.51.100.7'), 0), 64500, 'what was open stays as it was');
    assert.equal((await readdir(cacheDirectory)).length, 2, 'what was made of files that are gone is removed');
    await writeFile(join(own, 'asn.csv'), '198.51.100.255,198.51.100.0,64502,backwards\n');
    const third = await openGeo({ directory: own, cacheDirectory });
    assert.match(third.problems.join(), /own tables: asn\.csv: a range runs backwards/);
    assert.deepEqual(placeOf(third, '168.126.63.1')[1], 4766, 'the packaged table takes its place');
  });
});

describe('sources of tables', () => {
  it('may be CSV with addresses as text or as numbers', () => {
    const table = compileGeo('asn', [
      csv('3325256704,3325256959,64500,a\n'),
      csv('42540766411282592856903984951653826560,42540766411282592856903984951653892095,64501,b\n'),
    ]);
    assert.ok(typeof table !== 'string');
    assert.deepEqual([table.find(words('198.51.100.9'), 0), table.find(words('2001:db8::9'), 0)], [64500, 64501]);
  });

  it('give names that may stand on a terminal', () => {
    const table = compileGeo('asn', [csv('1.0.0.0,1.0.0.255,5,"a\u001b[31mred"\n')]);
    assert.ok(typeof table !== 'string');
    assert.equal(table.nameOf(5), 'a [31mred');
  });

  it('are told by their content', () => {
    assert.equal(kindOf(csv('1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."')), 'asn');
    assert.equal(kindOf(csv('1.0.0.0,1.0.0.255,AU')), 'country');
    assert.equal(kindOf(csv('name,age\nx,3')), undefined);
    assert.equal(kindOf(inMemory('x.mmdb', bytes('nothing of the kind'))), undefined);
  });

  it('are refused with the place of what is wrong', () => {
    const refusal = (text: string): unknown => compileGeo('asn', [csv(text)]);
    assert.equal(refusal('1.0.0.0,1.0.0.255,1,a\nnonsense\n'), 'asn.csv: line 2 does not begin with two addresses');
    const many = Array.from(
      { length: 9999 },
      (_, at) => `1.${at >>> 8}.${at & 255}.0,1.${at >>> 8}.${at & 255}.9,${at + 1},n`,
    );
    assert.equal(refusal(`${many.join('\n')}\n1.0.0.0,x`), 'asn.csv: line 10000 does not begin with two addresses');
    assert.equal(refusal(`1.0.0.0,1.0.0.255,5,${'a'.repeat(70_000)}`), 'asn.csv: line 1 is longer than 65536 bytes');
    assert.equal(refusal('1.0.0.0,1.0.0.255,XX,a\n'), 'asn.csv: line 1 has no asn');
    assert.equal(refusal('1.0.0.0,::1,5,a\n'), 'asn.csv: a range runs backwards');
    assert.equal(refusal(''), 'no ranges at all');
    const overlapping = Array.from({ length: 50 }, (_, at) => `1.0.${at}.0,1.0.${at + 1}.7,${at + 1},x`).join('\n');
    assert.equal(refusal(overlapping), 'asn.csv: 49 of 50 ranges overlap');
  });

  it('that are damaged MaxMind databases are refused or read, and nothing throws', async () => {
    const path = createRequire(import.meta.url).resolve(
      '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country-ipv4.mmdb',
    );
    const whole = new Uint8Array(await readFile(path));
    const good = compileGeo('country', [inMemory('x.mmdb', whole)]);
    assert.ok(typeof good !== 'string');
    assert.equal(good.find(words('168.126.63.1'), 0), (75 << 8) | 82);
    for (const cut of [0, 10, 100_000, whole.length - 1000]) {
      assert.equal(typeof compileGeo('country', [inMemory('x.mmdb', whole.slice(0, cut))]), 'string');
    }
    // Its metadata is at the end: every byte of it is changed once.
    for (let at = whole.length - 120; at < whole.length; at += 17) {
      const changed = whole.slice();
      changed[at] ^= 0x55;
      compileGeo('country', [inMemory('x.mmdb', changed)]);
    }
  });
});

describe('a table', () => {
  const range = fc.record({
    first: fc.nat(4000),
    length: fc.integer({ min: 1, max: 40 }),
    value: fc.integer({ min: 1, max: 5 }),
    wide: fc.boolean(),
  });
  const address = (number: number, wide: boolean): Uint32Array =>
    wide
      ? Uint32Array.of(0x20010db8, 0, number >>> 6, (number << 26) >>> 0)
      : words(formatAddress(Uint32Array.of(0, 0, 0xffff, 0xfffff000 + number)));

  it('answers as a search through all of its ranges does', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (all) => {
        const taken = new Map<string, number>();
        const ranges = new GeoRanges();
        for (const { first, length, value, wide } of all) {
          const numbers = Array.from({ length }, (_, at) => Math.min(4095, first + at));
          if (numbers.some((number) => taken.has(`${wide} ${number}`))) continue;
          for (const number of numbers) taken.set(`${wide} ${number}`, value);
          ranges.add(address(numbers[0], wide), address(numbers.at(-1) ?? 0, wide), value);
        }
        const table = writeTable('asn', ranges, new Map([[3, 'three']]));
        assert.ok(typeof table !== 'string');
        const copy = GeoTable.open(table.bytes.slice());
        for (let number = 0; number < 4096; number++) {
          for (const wide of [false, true]) {
            const expected = taken.get(`${wide} ${number}`) ?? 0;
            assert.equal(table.find(address(number, wide), 0), expected);
            assert.equal(copy?.find(address(number, wide), 0), expected);
          }
        }
        assert.deepEqual([table.nameOf(3), table.nameOf(2)], ['three', undefined]);
      }),
      { numRuns: 20 },
    );
  });

  it('is not opened where its bytes were changed or cut', () => {
    const ranges = new GeoRanges();
    ranges.add(words('1.0.0.0'), words('1.0.0.255'), 13335);
    const table = writeTable('asn', ranges, new Map([[13335, 'a name']]));
    assert.ok(typeof table !== 'string');
    for (let at = 0; at < table.bytes.length; at++) {
      const changed = table.bytes.slice();
      changed[at] ^= 4;
      assert.equal(GeoTable.open(changed), undefined, `byte ${at}`);
      assert.equal(GeoTable.open(table.bytes.slice(0, at)), undefined);
    }
  });
});
