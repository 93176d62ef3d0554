import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Api, createApi } from '../../src/api/api.ts';
import { SignIn } from '../../src/api/sign-in/sign-in.ts';
import { stationCertificate } from '../../src/station/sites/station-certificate.ts';
import type { StateStore } from '../../src/store/state/state-store.ts';
import { accessFaults, builtConsole, missingBrowser, startBrowser } from '../support/browser.ts';
import { FixedStation } from '../support/fixed-station.ts';
import { MemoryDocuments } from '../support/memory-documents.ts';
import { OidcStandIn } from '../support/oidc-stand-in.ts';
import { temporaryDirectory } from '../support/state.ts';
import { totp } from '../support/totp.ts';

const EMAIL = 'han@ministry.example';
const PASSWORD = 'a beacon on every hill';
const ANYWHERE = { address: '127.0.0.1', port: 0, family: 4 } as const;
const nothingKept = { loadBlob: async () => undefined, saveBlob: async () => undefined } as unknown as StateStore;

describe('signing in, in a browser', { skip: missingBrowser }, () => {
  const directories = ['tls', 'plain'].map((name) => temporaryDirectory(`console-sign-in-${name}`));
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let provider: OidcStandIn;
  const apis: Api[] = [];
  /** One that people reach by TLS, and one on this machine: browsers make no passkey where they do not trust the certificate. */
  let secure = '';
  let plain = '';
  /** The first one over plain HTTP. */
  let unsafe = '';
  let links: readonly string[] = [];

  before(async () => {
    const { files } = await builtConsole();
    provider = await OidcStandIn.start();
    const { url: issuer } = provider;
    const ministry = { id: 'ministry', name: 'Ministry', newPeople: false, issuer, clientId: 'bonghwa' };
    const station = async (directory: string, url: () => string): Promise<{ signIn: SignIn; api: Api }> => {
      const signIn = await SignIn.create({
        directory,
        store: new MemoryDocuments(),
        url,
        providers: [{ ...ministry, clientSecret: 'secret' }],
        onProblem: () => undefined,
      });
      const api = createApi(new FixedStation(), { signIn, console: files });
      apis.push(api);
      return { signIn, api };
    };
    const [byTls, here] = [
      await station(directories[0].path, () => secure),
      await station(directories[1].path, () => plain),
    ];
    const certificate = await stationCertificate(nothingKept, Date.now());
    secure = `https://localhost:${(await byTls.api.listenTls(ANYWHERE, certificate)).port}`;
    unsafe = `http://localhost:${(await byTls.api.listen(ANYWHERE)).port}`;
    plain = `http://localhost:${(await here.api.listen(ANYWHERE)).port}`;
    links = [(await byTls.signIn.firstLink())?.url ?? '', (await here.signIn.firstLink())?.url ?? ''];
    browser = await startBrowser();
    context = await browser.newContext({ locale: 'en', ignoreHTTPSErrors: true });
    page = await context.newPage();
  });
  after(async () => {
    await browser?.close();
    for (const api of apis) await api.close();
    provider?.close();
    for (const directory of directories) directory.remove();
  });

  const signedInAs = (name: string): Promise<void> => page.locator('header a', { hasText: name }).waitFor();
  async function makeFirst(link: string): Promise<void> {
    await page.goto(link);
    await page.fill('[name=name]', 'Han');
    await page.fill('[name=email]', EMAIL);
    await page.fill('[name=password]', PASSWORD);
    await page.click('#do');
    await signedInAs('Han');
  }
  async function signOut(at: string): Promise<void> {
    await page.goto(`${at}/settings`);
    await page.locator('button', { hasText: 'Sign out' }).click();
    await page.locator('h1', { hasText: 'Sign in' }).waitFor();
  }
  async function withPassword(at: string): Promise<void> {
    await page.goto(`${at}/sign-in`);
    await page.fill('#email', EMAIL);
    await page.fill('#password', PASSWORD);
    await page.locator('form button.main').click();
  }

  it('makes the first account by the link, over TLS, and comes in by single sign-on', async () => {
    await makeFirst(links[0]);
    await signOut(secure);
    await page.locator('a', { hasText: 'Sign in with Ministry' }).click();
    await page.waitForURL(`${secure}/`);
    await signedInAs('Han');
    await signOut(secure);
    provider.visitor = { sub: '2', email: 'stranger@elsewhere.example', verified: true };
    await page.locator('a', { hasText: 'Sign in with Ministry' }).click();
    await page.locator('[role=alert]', { hasText: 'an admin has to invite you' }).waitFor();
  });

  it('says where to sign in, where the session would not be kept', async () => {
    await page.goto(`${unsafe}/sign-in`);
    await page.locator('[role=alert]', { hasText: 'Nobody can sign in at localhost' }).waitFor();
    assert.equal(await page.locator('main a').getAttribute('href'), secure);
    assert.equal(await page.locator('main form').count(), 0);
  });

  it('asks for a code of the authenticator that was set up, and takes one that was written down', async () => {
    await makeFirst(links[1]);
    await page.goto(`${plain}/settings`);
    await page.fill('#factor', PASSWORD);
    await page.locator('button', { hasText: 'Set up an authenticator' }).click();
    await page.locator('svg[aria-label^="QR code"] path').waitFor();
    assert.deepEqual(await accessFaults(page), [], 'axe');
    const [secret, codes] = await page.locator('main form ~ div pre, main div pre').allInnerTexts();
    await page.fill('#totp', totp(secret.trim()));
    await page.locator('button', { hasText: 'Turn it on' }).click();
    await page.locator('[role=status]', { hasText: 'The second factor is on.' }).waitFor();
    await signOut(plain);

    await withPassword(plain);
    await page.fill('#code', '000000');
    await page.locator('form button.main').click();
    await page.locator('[role=alert]', { hasText: 'The code is wrong' }).waitFor();
    await page.fill('#code', totp(secret.trim()));
    await page.locator('form button.main').click();
    await signedInAs('Han');
    await signOut(plain);

    await withPassword(plain);
    await page.locator('button', { hasText: 'Use a code that you wrote down' }).click();
    await page.fill('#code', codes.trim().split(/\s+/)[0]);
    await page.locator('form button.main').click();
    await signedInAs('Han');
  });

  it('comes in with a passkey alone, until it is taken away', async () => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
      },
    });
    await page.goto(`${plain}/settings`);
    await page.locator('button', { hasText: 'Add a passkey' }).click();
    await page.locator('[role=status]', { hasText: 'The passkey is added.' }).waitFor();
    await signOut(plain);
    await page.locator('button', { hasText: 'Sign in with a passkey' }).click();
    await signedInAs('Han');
    await page.goto(`${plain}/settings`);
    await page
      .locator('p', { hasText: /20\d\d|:\d\d/ })
      .locator('button.link', { hasText: 'Remove' })
      .click();
    await signOut(plain);
    await page.locator('button', { hasText: 'Sign in with a passkey' }).click();
    await page.locator('[role=alert]', { hasText: 'Nobody here has this passkey' }).waitFor();
  });
});
