import type { WebScenario } from './scenario.ts';
import { BASE_MS, type SiteStyle, type WebScene } from './world.ts';

const day = (scene: WebScene, style: SiteStyle): void => scene.visits(style, 0, scene.seconds);

/** A program that asks for something in steps. */
function program(
  scene: WebScene,
  style: SiteStyle,
  options: {
    client: string;
    agent: string;
    from: number;
    to: number;
    every: number;
    target: (scene: WebScene, step: number) => string;
    status?: (scene: WebScene) => number;
  },
): void {
  scene.innocents.add(options.client);
  let step = 0;
  for (let at = options.from; at < options.to; at += options.every * (0.9 + 0.2 * scene.random.unit())) {
    scene.add({
      timeMs: BASE_MS + 1000 * at,
      site: style.name,
      client: options.client,
      target: options.target(scene, step++),
      status: options.status?.(scene) ?? 200,
      agent: options.agent,
    });
  }
}

const TRIED = [
  '/.env',
  '/wp-login.php',
  '/admin/',
  '/phpinfo.php',
  '/backup.zip',
  '/.git/config',
  '/cgi-bin/test.cgi',
  '/solr/admin/info',
  '/actuator/health',
  '/owa/auth.owa',
  '/vendor/phpunit/eval-stdin.php',
  '/index.php?id=1%27',
  '/server-status',
  '/manager/html',
  '/HNAP1',
  '/boaform/admin/formLogin',
  '/api/v1/pods',
  '/login.action',
  '/shell?cd+/tmp',
  '/db/dump.sql',
  '/config.json',
  '/old/Index.ASPX',
  '/test.php~',
  '/A/b/C/d',
];

/** Files that a reader or a cache fetches without a page. */
function files(
  scene: WebScene,
  style: SiteStyle,
  options: {
    from: number;
    to: number;
    rate: number;
    event: (scene: WebScene) => { client: string; target: string; referrer?: string; status?: number };
  },
): void {
  const { from, to, rate } = options;
  for (let at = from; at < to; at += scene.random.exponential(1 / rate)) {
    const event = options.event(scene);
    scene.innocents.add(event.client);
    scene.add({ timeMs: BASE_MS + 1000 * at, site: style.name, agent: scene.agent(), ...event });
  }
}

export const BENIGN_WEB: readonly WebScenario[] = [
  { name: 'web-day', what: 'an ordinary day', make: day, seconds: 900 },
  {
    name: 'web-hotlink',
    what: 'a picture of the site is shown by a news site, 60 times a second',
    make: (scene, style) => {
      day(scene, style);
      files(scene, style, {
        ...{ from: 300, to: 600, rate: 60 },
        event: (s) => ({
          client: s.client(),
          target: '/static/photo7.jpg',
          referrer: 'https://news.example.net/today',
        }),
      });
    },
  },
  {
    name: 'web-cache-emptied',
    what: 'the eleven nodes of a cache fetch every image and style again, while a tenth of them fails',
    make: (scene, style) => {
      day(scene, style);
      const nodes = Array.from({ length: 11 }, () => scene.client());
      let next = 0;
      files(scene, style, {
        ...{ from: 320, to: 400, rate: 80 },
        event: (s) => ({
          client: s.pick(nodes),
          target: `/static/photo${next++}.jpg`,
          status: s.random.unit() < 0.15 ? 503 : 200,
        }),
      });
    },
  },
  {
    name: 'web-film',
    what: 'forty viewers watch a film that another site links to, part by part',
    make: (scene, style) => {
      day(scene, style);
      const viewers = Array.from({ length: 40 }, () => scene.client());
      files(scene, style, {
        ...{ from: 300, to: 600, rate: 50 },
        event: (s) => ({ client: s.pick(viewers), target: '/media/opening.mp4', status: 206 }),
      });
    },
  },
  {
    name: 'web-flash-crowd',
    what: 'twelve times the readers for one article after the television news',
    make: (scene, style) => {
      day(scene, style);
      scene.visits(style, 300, 700, { times: 11, newcomers: true, landing: () => '/news/2026/77-election.html' });
    },
  },
  {
    name: 'web-flash-crowd-overload',
    what: 'twelve times the readers, for whom the server is too slow and partly fails',
    make: (scene, style) => {
      day(scene, style);
      scene.visits(style, 300, 700, {
        times: 11,
        newcomers: true,
        failing: 0.25,
        slowdown: 20,
        retries: 1,
        landing: () => '/news/2026/77-election.html',
      });
    },
  },
  {
    name: 'web-crawler',
    what: 'a search engine reads the whole site, eight pages a second from four addresses',
    make: (scene, style) => {
      day(scene, style);
      for (let at = 0; at < 4; at++)
        program(scene, style, {
          client: `66.249.66.${at + 10}`,
          agent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
          from: 250,
          to: 650,
          every: 0.5,
          target: (s) => `/documents/${s.random.below(50_000)}`,
        });
    },
  },
  {
    name: 'web-monitor',
    what: 'six monitors look at three pages once in ten seconds each',
    make: (scene, style) => {
      day(scene, style);
      for (let at = 0; at < 6; at++)
        program(scene, style, {
          client: `52.58.12.${at + 3}`,
          agent: 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
          from: 5 * at,
          to: scene.seconds,
          every: 10,
          target: (_s, step) => ['/', '/services', '/contact'][step % 3],
        });
    },
  },
  {
    name: 'web-office-nat',
    what: 'an office of 200 people behind one address, who begin at nine',
    make: (scene, style) => {
      day(scene, style);
      scene.visits(style, 280, 650, { times: 2.5, client: '203.0.113.80' });
    },
  },
  {
    name: 'web-retry-storm',
    what: 'a minute of 502, in which readers try again and again',
    make: (scene, style) => {
      scene.visits(style, 0, 300);
      scene.visits(style, 300, 370, { failing: 0.9, retries: 8 });
      scene.visits(style, 370, scene.seconds, { failing: 0.02, times: 1.3 });
    },
  },
  {
    name: 'web-relaunch',
    what: 'a relaunch, after which half of all links lead nowhere',
    make: (scene, style) => {
      scene.visits(style, 0, 300);
      scene.visits(style, 300, scene.seconds, { missing: 0.5, times: 1.2 });
    },
  },
  {
    name: 'web-scan',
    what: 'a scanner tries what may be weak, 20 times a second',
    make: (scene, style) => {
      day(scene, style);
      program(scene, style, {
        client: '192.0.2.99',
        agent: 'Mozilla/5.0 (Windows NT 10.0) Chrome/80.0',
        from: 300,
        to: 420,
        every: 0.05,
        target: (s, step) => TRIED[step % TRIED.length] + (step < TRIED.length ? '' : `?${s.letters(3)}`),
        status: (s) => (s.random.unit() < 0.9 ? 404 : 403),
      });
    },
  },
  {
    name: 'web-newsletter',
    what: 'a newsletter: eight times the readers, each by a link of their own, without a referrer',
    make: (scene, style) => {
      day(scene, style);
      scene.visits(style, 300, 480, {
        times: 8,
        newcomers: true,
        pages: 2,
        landing: (s) => `/news/2026/12-budget.html?utm_source=letter&utm_id=${s.random.uint32()}`,
      });
    },
  },
  {
    name: 'web-live-ticker',
    what: 'eight times the readers at a page that loads itself again every ten seconds, for a third of whom all else is in their cache',
    make: (scene, style) => {
      day(scene, style);
      const every = (startMs: number): void => {
        const [client, agent, version] = [scene.client(), scene.agent(), '1.1'];
        scene.innocents.add(client);
        const page = { site: style.name, client, agent, version, target: '/news/live' };
        const from = style.referrers ? `https://${style.name}/news/live` : undefined;
        const staysMs = 1000 * scene.random.exponential(45);
        for (let afterMs = 0; afterMs <= staysMs; afterMs += 9500 + scene.random.below(1000))
          scene.add({ ...page, timeMs: startMs + afterMs, referrer: afterMs === 0 ? undefined : from });
        if (style.assets && scene.random.unit() < 0.67)
          scene.assets(style, startMs, client, agent, version, from ?? '', 9);
      };
      for (let at = 300; at < 600; at += scene.random.exponential(1 / (8 * style.visits))) every(BASE_MS + 1000 * at);
    },
  },
  {
    name: 'web-framed-crowd',
    what: 'ten times the readers by a short link that leads to a page with a map in a frame',
    make: (scene, style) => {
      day(scene, style);
      for (let at = 300; at < 600; at += scene.random.exponential(1 / (10 * style.visits))) {
        const [client, agent, version] = [scene.client(), scene.agent(), '2.0'];
        scene.innocents.add(client);
        const startMs = BASE_MS + 1000 * at;
        const asked = { site: style.name, client, agent, version };
        const target = '/news/2026/77-election.html';
        const referrer = style.referrers ? `https://${style.name}${target}` : undefined;
        scene.add({ ...asked, timeMs: startMs, target: '/go/77', status: 302, bytes: 0 });
        scene.add({ ...asked, timeMs: startMs + 90, target });
        scene.add({ ...asked, timeMs: startMs + 260, target: '/embed/map', referrer });
        if (style.assets)
          scene.assets(style, startMs + 90, client, agent, version, `https://${style.name}${target}`, 9);
      }
    },
  },
  {
    name: 'web-api-clients',
    what: 'programs of other agencies ask an interface, 30 times a second in all, some from the middle on',
    make: (scene, style) => {
      day(scene, style);
      for (let at = 0; at < 5; at++)
        program(scene, style, {
          client: `198.51.100.${at + 7}`,
          agent: 'okhttp/4.12.0',
          from: at < 3 ? 0 : 350,
          to: scene.seconds,
          every: 1 / 6,
          target: (s) => `/api/v1/permits/${s.random.below(30_000)}`,
        });
    },
  },
  {
    name: 'web-app-push',
    what: 'a push message: an app on 900 telephones asks its interface, three times each in a minute',
    make: (scene, style) => {
      day(scene, style);
      for (let at = 0; at < 900; at++) {
        const from = 300 + scene.random.exponential(15);
        program(scene, style, {
          client: scene.client(),
          agent: 'CityApp/3.1 (iPhone; iOS 17.5)',
          from,
          to: from + 4,
          every: 1.5,
          target: (_s, step) => ['/api/v1/news', '/api/v1/alerts', '/api/v1/me'][step % 3],
        });
      }
    },
  },
];
