import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgePage } from './expect.ts';
import { type Page, type PageKind, recognisePage } from './recognise.ts';
import { VISIBLE_CHARS_MAX, visibleText } from './visible-text.ts';

function page(text: string, status = 200, headers: Readonly<Record<string, string>> = {}): Page {
  return { status, text, header: (name) => headers[name] ?? '' };
}

function kindOf(text: string, status = 200, headers: Readonly<Record<string, string>> = {}): string {
  const found = recognisePage(page(text, status, headers));
  return found === undefined ? 'the site' : `${found.kind}: ${found.by}`;
}

/** A page of a site: much text, scripts, forms. */
const LONG = `<nav>${'<a href="/news">News of the ministry</a> '.repeat(80)}</nav>${'<p>What the ministry did this week, told at length.</p>'.repeat(60)}`;

describe('services in front of a site', () => {
  const cases: readonly [want: string, text: string, status: number, headers?: Readonly<Record<string, string>>][] = [
    ['challenge: Cloudflare', '<title>Just a moment...</title>', 403, { 'cf-mitigated': 'challenge' }],
    ['challenge: Cloudflare', '<script>(function(){window._cf_chl_opt={cvId: "3"}})()</script>', 503],
    [
      'blocked: Cloudflare',
      '<title>Access denied</title><div id="cf-error-details"><span>Error</span> <span>1020</span></div>',
      403,
    ],
    ['challenge: Akamai', '<script src="/_sec/cp_challenge/sec-cpt-4-3.js"></script>', 200],
    ['challenge: Akamai', '<meta http-equiv="refresh" content="5; URL=\'/?bm-verify=AAQ\'">', 200],
    [
      'blocked: Akamai',
      "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY>You don't have permission. Reference&#32;&#35;18&#46;1 https://errors.edgesuite.net/18.1</BODY></HTML>",
      403,
    ],
    [
      'challenge: DDoS-Guard',
      '<title>DDoS-Guard</title><script src="/.well-known/ddos-guard/js-challenge/index.js">',
      403,
    ],
    ['blocked: DDoS-Guard', '<h1>403</h1>', 403, { server: 'ddos-guard' }],
    ['challenge: Qrator', '<script src="/__qrator/qauth_utm_v2.js"></script><noscript>JavaScript</noscript>', 401],
    ['blocked: Qrator', '<h1>403 Forbidden</h1>', 403, { server: 'QRATOR' }],
    [
      'challenge: Imperva',
      '<iframe id="main-iframe" src="/_Incapsula_Resource?CWUDNSAI=23&xinfo=1">Request unsuccessful. Incapsula incident ID: 1-2</iframe>',
      200,
    ],
    ['challenge: Sucuri', "<script>sucuri_cloudproxy_js='',S='x'</script>", 307],
    ['challenge: AWS WAF', '', 202, { 'x-amzn-waf-action': 'challenge' }],
    ['challenge: Vercel', '', 429, { 'x-vercel-mitigated': 'challenge' }],
    ['challenge: Anubis', '<script id="anubis_challenge" type="application/json">{}</script>', 200],
    ['blocked: F5', 'The requested URL was rejected. Please consult with your administrator.', 200],
    ['blocked: KCSC', '<iframe src="http://warning.or.kr/i1.html"></iframe>', 200],
    ['challenge: a test of cookies', '<script>toNumbers("f655ba9d09a112d4968c63579db590b4")</script>', 200],
  ];
  for (const [want, text, status, headers] of cases)
    it(`${want}, status ${status}`, () => assert.equal(kindOf(text, status, headers), want));

  it('are not taken for a challenge where they only put a script into a page of the site', () => {
    const scripts =
      "<script>window['__CF$cv$params']={r:'8'};a.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'</script>";
    assert.equal(kindOf(`${scripts}${LONG}`, 200, { server: 'cloudflare', 'cf-ray': '8' }), 'the site');
    assert.equal(kindOf(`<h1>Home</h1>${LONG}`, 200, { server: 'ddos-guard' }), 'the site');
  });
});

describe('words of notices', () => {
  const cases: readonly [kind: PageKind, language: string, text: string][] = [
    ['maintenance', 'English', 'We are currently undergoing scheduled maintenance. We\u2019ll be back at 6 pm.'],
    ['maintenance', 'English', 'This website is temporarily unavailable.'],
    ['maintenance', 'Korean', '보다 나은 서비스를 위하여 시스템 점검 중입니다. 점검시간: 22:00 ~ 06:00'],
    ['maintenance', 'Korean', '홈페이지 서비스가 일시 중단됩니다. 이용에 불편을 드려 죄송합니다.'],
    ['maintenance', 'Ukrainian', 'На сайті проводяться технічні роботи. Вибачте за незручності.'],
    ['maintenance', 'Ukrainian', 'Сайт тимчасово недоступний'],
    ['maintenance', 'Russian', 'На сайте ведутся технические работы. Приносим извинения.'],
    ['maintenance', 'Russian', 'Сайт временно недоступен. Попробуйте позже.'],
    ['blocked', 'English', 'Sorry, this page is not available in your country.'],
    ['blocked', 'English', 'Your IP address has been blocked.'],
    ['blocked', 'Korean', '귀하의 접속이 차단되었습니다.'],
    ['blocked', 'Korean', '해외에서의 접속은 제한됩니다.'],
    ['blocked', 'Ukrainian', 'Доступ до сайту заборонено. Сайт недоступний у вашій країні.'],
    ['blocked', 'Russian', 'Доступ к ресурсу ограничен. Ваш IP-адрес заблокирован.'],
    ['challenge', 'English', 'Checking your browser before accessing the site.'],
    ['challenge', 'Korean', '안전한 접속을 위해 브라우저를 확인하고 있습니다. 잠시만 기다려 주십시오.'],
    ['challenge', 'Ukrainian', 'Зачекайте, йде перевірка браузера.'],
    ['challenge', 'Russian', 'Подтвердите, что запросы отправляли вы, а не робот'],
  ];
  for (const [kind, language, text] of cases) {
    it(`${kind} in ${language}: ${text.slice(0, 40)}`, () => {
      const html = `<!doctype html><html><head><title>Site</title><style>p{}</style></head><body><p>${text}</p></body></html>`;
      assert.equal(kindOf(html), `${kind}: ${language} words`);
    });
  }

  it('count in title and headings of a page that is somewhat longer, not in its text', () => {
    const text = `<p>${'Read what else we do. '.repeat(100)}</p>`;
    assert.equal(kindOf(`<h1>Under maintenance</h1>${text}`), 'maintenance: English words');
    assert.equal(kindOf(`${text}<p>Last week the portal was under maintenance.</p>`), 'the site');
  });

  it('do not count on a page of the site', () => {
    assert.equal(kindOf(`<h1>정기점검 안내</h1>${LONG}`), 'the site');
    assert.equal(kindOf(`<title>Access denied: a study</title>${LONG}`), 'the site');
    assert.equal(kindOf(`${LONG}<p>Доступ заборонено</p>`, 403), 'the site');
  });

  it('leave an ordinary error to its status', () => {
    const nginx =
      '<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>503 Service Temporarily Unavailable</h1><hr>nginx</body></html>';
    assert.equal(kindOf(nginx, 503), 'the site');
    assert.equal(kindOf('<title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>', 502), 'the site');
    assert.equal(kindOf('<title>403 Forbidden</title><h1>403 Forbidden</h1>', 403), 'the site');
  });
});

describe('captchas and scripts', () => {
  it('are a challenge on a page with little else', () => {
    assert.equal(kindOf('<p>Please</p><div class="h-captcha" data-sitekey="1"></div>'), 'challenge: a captcha');
    assert.equal(
      kindOf('<script>document.cookie="a="+f(3);location.reload();</script>'),
      'challenge: a script that sets a cookie',
    );
  });

  it('are a part of the site in a form to sign in or to write', () => {
    assert.equal(kindOf('<form><input type="password"><div class="g-recaptcha"></div></form>'), 'the site');
    assert.equal(kindOf('<form><textarea></textarea><div class="g-recaptcha"></div></form>'), 'the site');
  });
});

describe('an answer held against what is expected', () => {
  const notice = '<title>점검 안내</title>';

  it('is the site where the text that was asked for is there', () => {
    assert.deepEqual(judgePage(page(`${notice} Ministry`), { contains: 'Ministry' }), { outcome: 'ok' });
    assert.equal(judgePage(page(`${notice} Ministry`), {}).outcome, 'maintenance');
    assert.equal(judgePage(page(`${notice} Ministry`, 503), { contains: 'Ministry' }).outcome, 'maintenance');
  });

  it('is what the page says before it is what the status says', () => {
    const verdict = judgePage(page(notice, 503), {});
    assert.equal(verdict.outcome, 'maintenance');
    assert.equal(verdict.failure?.message, 'the page says that the site is under maintenance (Korean words)');
    assert.deepEqual(judgePage(page('', 500), {}).failure, { code: 'status', message: 'the status is 500' });
  });

  it('takes 200 to 399 for an answer unless told otherwise', () => {
    for (const [status, outcome] of [
      [199, 'unexpected'],
      [200, 'ok'],
      [399, 'ok'],
      [400, 'unexpected'],
    ] as const)
      assert.equal(judgePage(page('x', status), {}).outcome, outcome);
    assert.equal(judgePage(page('x', 401), { statuses: [401] }).outcome, 'ok');
    assert.equal(judgePage(page('x', 200), { statuses: [401] }).outcome, 'unexpected');
  });
});

describe('visible text', () => {
  it('leaves out what a reader does not see', () => {
    const html =
      '<HEAD><TITLE>A &amp; B</TITLE><style>h1{}</style></HEAD><!-- no --><h1>One &#8212; two</h1><script>if (a<b) "</p>"</SCRIPT><p>seen<br>too</p>3 < 4';
    assert.deepEqual(visibleText(html), {
      title: 'A & B',
      headings: 'One — two',
      text: 'A & B One — two seen too 3 < 4',
    });
  });

  it('takes whatever comes, in bounded size', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom('<', '>', '<!--', '-->', '<script', '</script>', '<title>', '&#', ';', '<h1'),
            fc.string(),
          ),
        ),
        (parts) => {
          const { text, title, headings } = visibleText(parts.join(''));
          assert.ok(
            text.length <= VISIBLE_CHARS_MAX && title.length <= text.length + 1 && headings.length <= text.length + 1,
          );
        },
      ),
      { seed: 6, numRuns: 300 },
    );
  });

  it('takes linear time for what is made to take longer', () => {
    for (const part of [
      '<script>',
      '<script></',
      '<!--',
      '<',
      '</script',
      '<title>',
      '&#x',
      'document.cookie=',
      '<input ',
      'id="cf-error-details"',
      '_Incapsula_Resource?SWJIYLWA',
      '해외에서 ',
      'доступ до ',
    ]) {
      const text = part.repeat(Math.ceil(262_144 / part.length));
      const began = process.cpuUsage();
      recognisePage(page(text));
      const used = process.cpuUsage(began);
      assert.ok(used.user + used.system < 500_000, `${part}: ${(used.user + used.system) / 1000} ms`);
    }
  });
});
