import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { fixedReport } from '../../../test/support/report.ts';
import {
  attackKey,
  decodeJournal,
  encodeEntry,
  encodeHeader,
  exporterKey,
  type StateEntry,
  settingKey,
} from './journal-frame.ts';

const [attack] = fixedReport().attacks;
const [report] = fixedReport().exporters;

const entries = fc
  .array(fc.record({ kind: fc.constantFrom('attack', 'exporter', 'setting'), number: fc.nat(9), text: fc.string() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((rows) =>
    rows.map(({ kind, number, text }, at): StateEntry => {
      const sequence = 10 * (at + 1);
      switch (kind) {
        case 'attack': {
          const value = { ...attack, id: `${number}`, why: text };
          return { kind, key: attackKey(value.id), sequence, value };
        }
        case 'exporter': {
          const value = { ...report, observationDomain: number, diagnosis: [text] };
          return { kind, key: exporterKey(value), sequence, value };
        }
        default:
          return { kind: 'setting', key: settingKey(`${number}`), sequence, name: `${number}`, value: text };
      }
    }),
  );

/** The latest of every key, as a journal with these entries must give them. */
function latestOf(written: readonly StateEntry[]): readonly StateEntry[] {
  const latest = new Map(written.map((entry) => [entry.key, entry]));
  return [...latest.values()].sort((left, right) => left.sequence - right.sequence);
}

const header = encodeHeader('journal', 5);

describe('the frames of the journal', () => {
  it('give back what was written', () =>
    fc.assert(
      fc.property(entries, (written) => {
        const bytes = Buffer.concat([header, ...written.map(encodeEntry)]);
        assert.deepEqual(decodeJournal(bytes), {
          journal: 'journal',
          entries: latestOf(written),
          sizes: new Map(written.map((entry) => [entry.key, encodeEntry(entry).length])),
          sequence: 10 * written.length,
          wholeBytes: bytes.length,
          damagedBytes: 0,
        });
      }),
    ));

  it('give every frame that was whole before the bytes end, wherever they end', () =>
    fc.assert(
      fc.property(entries, fc.nat(), (written, at) => {
        const frames = [header, ...written.map(encodeEntry)];
        const bytes = Buffer.concat(frames);
        const cut = bytes.subarray(0, at % (bytes.length + 1));
        let whole = 0;
        let end = 0;
        while (whole < frames.length && end + frames[whole].length <= cut.length) end += frames[whole++].length;
        const found = decodeJournal(cut);
        assert.deepEqual(found.entries, latestOf(written.slice(0, Math.max(whole - 1, 0))));
        assert.equal(found.wholeBytes, end);
        assert.equal(found.damagedBytes, 0);
      }),
    ));

  it('give every frame but the one in which a byte was changed, those behind it too', () =>
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, flip) => {
        const frames = [header, ...written.map(encodeEntry)];
        const bytes = Buffer.concat(frames);
        const changed = at % bytes.length;
        bytes[changed] ^= flip;
        let hit = 0;
        for (let end = frames[0].length; end <= changed; end += frames[hit].length) hit++;
        const found = decodeJournal(bytes);
        assert.deepEqual(found.entries, latestOf(written.filter((_, index) => index !== hit - 1)));
        assert.equal(found.journal, hit === 0 ? undefined : 'journal');
        assert.equal(found.damagedBytes, hit === frames.length - 1 ? 0 : frames[hit].length);
      }),
    ));

  it('give something for any bytes at all', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (noise, more) => {
        const setting: StateEntry = { kind: 'setting', key: settingKey('a'), sequence: 3, name: 'a', value: 1 };
        const found = decodeJournal(Buffer.concat([noise, encodeEntry(setting), more]));
        assert.deepEqual(found.entries, [setting]);
      }),
    ));

  it('pass over what a later version may write', () => {
    const setting: StateEntry = { kind: 'setting', key: settingKey('a'), sequence: 3, name: 'a', value: 1 };
    const later = encodeEntry(setting);
    later[20] = 99;
    later.writeUInt32LE(crc32(later.subarray(12), crc32(later.subarray(4, 8))), 8);
    const found = decodeJournal(Buffer.concat([header, later, encodeEntry(setting)]));
    assert.deepEqual(found.entries, [setting]);
    assert.equal(found.damagedBytes, 0);
  });
});
