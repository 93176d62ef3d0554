import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Site } from '../../model/site.ts';
import { readSite } from '../../model/site-fields.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { planImport } from './import.ts';
import { type RegisterChange, SiteRegister } from './register.ts';

/** The documents and settings of a state store, and a machine that fails after so many writes. */
class Disk {
  readonly documents = new Map<string, unknown>();
  readonly settings = new Map<string, unknown>();
  writesLeft = Number.POSITIVE_INFINITY;

  store(): StateStore {
    const write = async (work: () => void): Promise<void> => {
      if (this.writesLeft-- <= 0) throw new Error('the disk is full');
      work();
    };
    const part: Partial<StateStore> = {
      settled: async () => undefined,
      setting: async (key) => this.settings.get(key),
      setSetting: (key, value) => write(() => this.settings.set(key, structuredClone(value))),
      saveDocument: (_, id, body) => write(() => this.documents.set(id, structuredClone(body))),
      removeDocument: (_, id) => write(() => this.documents.delete(id)),
      documents: async () => ({
        documents: [...this.documents].map(([id, body]) => ({ id, at: '', tags: [], body: structuredClone(body) })),
      }),
    };
    return part as StateStore;
  }
}

function site(name: string, more: object = {}, registered: Site['registered'] = 'api'): Site {
  const read = readSite({ name, ...more }, registered);
  assert.equal(read.kind, 'ok');
  if (read.kind !== 'ok') throw new Error('no site');
  return read.site;
}

async function opened(disk: Disk, configured: readonly Site[] = []): Promise<SiteRegister> {
  const register = new SiteRegister({
    configured,
    onProblem: () => undefined,
  });
  await register.open(disk.store());
  return register;
}

const namesOf = (register: SiteRegister): string[] => register.list().map(({ site: { name } }) => name);

describe('the register of sites', () => {
  it('joins configuration and store, and the configuration has the name', async () => {
    const disk = new Disk();
    const first = await opened(disk);
    await first.add(site('court'));
    await first.add(site('portal', { sector: 'finance' }));
    const second = await opened(disk, [site('portal', { sector: 'government' }, 'configuration')]);
    assert.deepEqual(namesOf(second), ['court', 'portal']);
    assert.equal(second.get('portal')?.site.sector, 'government');
    await assert.rejects(second.change('portal', site('portal'), undefined), { code: 'CONFLICT' });
    await assert.rejects(second.remove('portal', undefined), { code: 'CONFLICT' });
    // Taken out of the configuration, the one of the store is there again.
    second.configure([]);
    assert.equal(second.get('portal')?.site.sector, 'finance');
  });

  it('refuses a name twice, and a change to another version', async () => {
    const register = await opened(new Disk());
    await register.add(site('a'));
    await register.add(site('b'));
    await assert.rejects(register.add(site('a')), { code: 'CONFLICT' });
    const changed = await register.change('a', site('a', { tlp: 'red' }), 1);
    assert.equal(changed.version, 2);
    await assert.rejects(register.change('a', site('a'), 1), { code: 'CONFLICT' });
    await assert.rejects(register.change('a', site('b'), 2), { code: 'CONFLICT' });
    await register.change('a', site('c'), 2);
    assert.deepEqual(namesOf(register), ['b', 'c']);
    await assert.rejects(register.remove('a', undefined), { code: 'NOT_FOUND' });
  });

  it('tells what changed, and finds sites by host and address', async () => {
    const register = await opened(new Disk());
    const changes: RegisterChange[] = [];
    register.onChange((change) => changes.push(change));
    await register.add(
      site('a', { urls: ['https://WWW.Example.org/x', 'tcp://mail.example.org:25'], addresses: ['2001:DB8::1'] }),
    );
    assert.deepEqual(register.byHost('www.example.org'), ['a']);
    assert.equal(register.byAddress('2001:db8:0::1'), 'a');
    assert.equal(register.found('a', ['192.0.2.2', '192.0.2.1']), true);
    assert.equal(register.found('a', ['192.0.2.1', '192.0.2.2']), false);
    assert.deepEqual(register.get('a')?.site.addresses, ['2001:DB8::1', '192.0.2.1', '192.0.2.2']);
    assert.deepEqual(register.get('a')?.given.addresses, ['2001:DB8::1']);
    assert.equal(register.byAddress('192.0.2.1'), 'a');
    await register.remove('a', 1);
    assert.deepEqual(
      changes.map(({ added, changed, removed }) => [added.length, changed.length, removed.length]),
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    );
  });
});

describe('an import', () => {
  const csv = (count: number): string =>
    `name,urls,sector\n${Array.from({ length: count }, (_, at) => `site ${at},https://site-${at}.example/,media`).join('\n')}\n`;

  it('changes what is known, leaves what it has no column for, and says what is the same', async () => {
    const register = await opened(new Disk());
    await register.add(site('a', { tlp: 'red', urls: ['https://a.example/'] }));
    await register.add(site('b', { urls: ['https://b.example/'] }));
    const plan = planImport('name,urls\na,https://new.example/\nb,https://b.example/\nc,https://c.example/\n', (name) =>
      register.get(name),
    );
    assert.deepEqual(plan.faults, []);
    assert.deepEqual(
      { added: plan.added, changed: plan.changed, unchanged: plan.unchanged },
      { added: ['c'], changed: ['a'], unchanged: 1 },
    );
    await register.import(plan.sites);
    const { site: a, version } = register.get('a')!;
    assert.deepEqual([a.tlp, a.urls[0], a.registered, version], ['red', 'https://new.example/', 'import', 2]);
  });

  it('of ten thousand rows with faults tells all of them, with their lines', async () => {
    const lines = csv(10_000).split('\n');
    lines[7] = 'bad,ftp://x.example/,media';
    lines[5000] = 'site 17,https://twice.example/,media';
    lines[9999] = 'worse,https://x.example/,medea';
    const began = process.cpuUsage();
    const plan = planImport(lines.join('\n'), () => undefined);
    const { user, system } = process.cpuUsage(began);
    assert.deepEqual(
      plan.faults.map(({ line, message }) => `${line}: ${message.slice(0, 44)}`),
      [
        "8: urls.0: 'ftp://x.example/' cannot be checked",
        "5001: the site 'site 17' stands on line 19 already",
        '10000: sector: Invalid option: expected one of "gov',
      ],
    );
    assert.ok(user + system < 5e6, `${(user + system) / 1e6} s`);
  });

  it('is there wholly or not at all, wherever the disk fails', async () => {
    const plan = planImport(csv(450), () => undefined);
    for (const writes of [0, 1, 199, 200, 333, 449, 450]) {
      const disk = new Disk();
      const register = await opened(disk);
      await register.add(site('site 3', { tlp: 'red' }));
      disk.writesLeft = writes;
      await assert.rejects(register.import(plan.sites), /the disk is full/);
      assert.deepEqual(namesOf(register), ['site 3'], `${writes} writes`);
      // The next start finds what was half written, and takes it back.
      disk.writesLeft = Number.POSITIVE_INFINITY;
      const again = await opened(disk);
      assert.deepEqual(namesOf(again), ['site 3'], `${writes} writes, at the next start`);
      assert.equal(again.get('site 3')?.site.tlp, 'red');
      assert.equal(disk.documents.size, 1);
      await again.import(planImport(csv(450), (name) => again.get(name)).sites);
      assert.equal((await opened(disk)).list().length, 450);
    }
  });
});
