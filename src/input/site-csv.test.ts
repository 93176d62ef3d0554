import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readSiteCsv } from './site-csv.ts';

describe('a CSV file of sites', () => {
  it('fills the fields that its columns name', () => {
    const { rows, faults } = readSiteCsv(
      '\ufeffName;URLs;Addresses;Sector;TLP;Contacts;Known good;statuses;contains;users_daily;maintenance\r\n' +
        '청와대;https://www.example.kr/ https://m.example.kr/;192.0.2.10|2001:db8::1;Government;TLP:AMBER;Kim, duty | 02-123;192.0.2.0/24;200 401;"안녕; ""하세요""";120000;sun 22:00 120 Asia/Seoul|2026-12-01T20:00Z/2026-12-01T22:00Z\r\n',
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(rows, [
      {
        line: 2,
        given: {
          name: '청와대',
          urls: ['https://www.example.kr/', 'https://m.example.kr/'],
          addresses: ['192.0.2.10', '2001:db8::1'],
          sector: 'government',
          tlp: 'amber',
          contacts: ['Kim, duty', '02-123'],
          knownGood: ['192.0.2.0/24'],
          usersDaily: 120_000,
          maintenance: [
            { kind: 'weekly', weekday: 7, from: '22:00', minutes: 120, zone: 'Asia/Seoul' },
            { kind: 'once', from: '2026-12-01T20:00:00.000Z', to: '2026-12-01T22:00:00.000Z' },
          ],
          expect: { statuses: [200, 401], contains: '안녕; "하세요"' },
        },
      },
    ]);
  });

  it('says so where the file is in another coding', () => {
    // `name,sector` and 대법원 in CP949, as spreadsheets in Korea save it.
    const bytes = Buffer.concat([
      Buffer.from('name,sector\n'),
      Buffer.from('b4ebb9fdbff8', 'hex'),
      Buffer.from(',judiciary\n'),
    ]);
    const { rows, faults } = readSiteCsv(bytes.toString('utf8'));
    assert.deepEqual([rows, faults], [[], [{ line: 2, message: 'it is not UTF-8; save the file as CSV in UTF-8' }]]);
    assert.match(readSiteCsv(Buffer.from('name,url\n', 'utf16le').toString('utf8')).faults[0].message, /not UTF-8/);
  });

  it('tells every fault with its line, also behind cells of several lines', () => {
    const { rows, faults } = readSiteCsv(
      'name,organisation,sectr\na,"one\ntwo",x\nb,only two\n\nc"c,x,y\nd,x,y\ne,"never closed\n',
    );
    assert.deepEqual(
      faults.map(({ line, message }) => `${line}: ${message}`),
      [
        "1: the column 'sectr' is not known; did you mean 'sector'?",
        '4: the line has 2 cells, and the first line names 3 columns',
        '6: a quote stands in the middle of a cell; double it: ""',
        '8: a quote is opened here and never closed',
      ],
    );
    assert.deepEqual(
      rows.map(({ line, given }) => [line, given.name]),
      [
        [2, 'a'],
        [7, 'd'],
      ],
    );
  });

  it('needs a name and knows what is no file of sites', () => {
    assert.deepEqual(readSiteCsv('').faults[0].line, 1);
    assert.match(readSiteCsv('url\nhttps://a.example').faults[0].message, /the column name is missing/);
    assert.match(readSiteCsv('name,name\na,b').faults[0].message, /there twice/);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('name', ',', '"', '\n', '\r\n', ';', 'urls', 'x', '\t', '\0', ' ')),
        (parts) => {
          const { rows, faults } = readSiteCsv(parts.join(''));
          for (const { line } of [...rows, ...faults]) assert.ok(line >= 1);
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });
});
