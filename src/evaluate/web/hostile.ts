import { flood, slowAttack } from './attackers.ts';
import type { WebScenario } from './scenario.ts';
import type { SiteStyle, WebScene } from './world.ts';

/** Random words, letters and numbers that nobody asked for before. */
const randomSearch = (scene: WebScene) => ({
  target: `/search?q=${scene.letters(4 + scene.random.below(8))}`,
  requestMs: 300 + scene.random.exponential(400),
});
const when = (scene: WebScene): { from: number; to: number } => {
  const from = 300 + scene.random.below(150);
  return { from, to: from + 120 + scene.random.below(200) };
};

/** The answer of a server under load: some fail, all are slow. */
function loaded(scene: WebScene, share: number): { status: number; requestMs: number } {
  return {
    status: scene.random.unit() < share ? scene.pick([502, 503, 504, 499]) : 200,
    requestMs: 400 + scene.random.exponential(1500),
  };
}

const day = (scene: WebScene, style: SiteStyle): void => scene.visits(style, 0, scene.seconds);

export const HOSTILE_WEB: readonly WebScenario[] = [
  {
    name: 'web-http-flood',
    what: '60 sources ask for the same page, 8 times a second each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood'],
        sources: 60,
        rate: 8,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({ target: '/', ...loaded(s, 0.3) }),
      });
    },
  },
  {
    name: 'web-http-flood-wide',
    what: '1,500 sources ask for two pages, once in five seconds each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood', 'crawl-flood'],
        sources: 1500,
        rate: 0.2,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({ target: s.pick(['/', '/contact']), ...loaded(s, 0.2) }),
      });
    },
  },
  {
    name: 'web-http-flood-one',
    what: 'one source asks for a page 120 times a second',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood'],
        sources: 1,
        rate: 120,
        ...when(scene),
        agent: 'ApacheBench/2.3',
        version: '1.0',
        ask: () => ({ target: '/' }),
      });
    },
  },
  {
    name: 'web-asset-flood',
    what: '60 sources ask for one style, 4 times a second each, and the server fails',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood'],
        sources: 60,
        rate: 4,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({ target: '/static/site.css', ...loaded(s, 0.3) }),
      });
    },
  },
  {
    name: 'web-asset-flood-unharmed',
    what: '40 sources ask for two images, 5 times a second each, with a referrer of the site',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood'],
        sources: 40,
        rate: 5,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({
          target: s.pick(['/static/photo7.jpg', '/static/icons.png']),
          referrer: `https://${style.name}/`,
          bytes: 400_000,
        }),
      });
    },
  },
  {
    name: 'web-cache-busting',
    what: '80 sources ask for the front page with a number that is new each time',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['cache-busting'],
        sources: 80,
        rate: 2,
        ...when(scene),
        agents: 'each',
        referrers: true,
        ask: (s) => ({ target: `/?${s.random.uint32()}${s.random.below(1000)}`, ...loaded(s, 0.1) }),
      });
    },
  },
  {
    name: 'web-random-path',
    what: '30 sources ask for pages that do not exist',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood', 'cache-busting'],
        sources: 30,
        rate: 3,
        ...when(scene),
        agents: 'each',
        ask: (s) => ({ target: `/${s.letters(6 + s.random.below(4)).toUpperCase()}`, status: 404, bytes: 150 }),
      });
    },
  },
  {
    name: 'web-search-flood',
    what: '40 sources search for random words, once in four seconds each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['search-flood'],
        sources: 40,
        rate: 0.25,
        ...when(scene),
        agents: 'own',
        ask: randomSearch,
      });
    },
  },
  {
    name: 'web-search-flood-referred',
    what: '60 sources search for random words with made-up referrers, twice in five seconds each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['search-flood'],
        sources: 60,
        rate: 0.4,
        ...when(scene),
        agents: 'own',
        referrers: true,
        ask: randomSearch,
      });
    },
  },
  {
    name: 'web-login-flood',
    what: '100 sources try to sign in, once in two seconds each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['login-flood'],
        sources: 100,
        rate: 0.5,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({
          method: 'POST',
          target: '/account/login',
          status: s.random.unit() < 0.9 ? 401 : 503,
          requestMs: 700,
        }),
      });
    },
  },
  {
    name: 'web-post-flood',
    what: '50 sources send forms, once a second each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['post-flood'],
        sources: 50,
        rate: 1,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({ method: 'POST', target: '/contact', ...loaded(s, 0.2) }),
      });
    },
  },
  {
    name: 'web-pingback-flood',
    what: '300 blogs that were told to verify a pingback, once in three seconds each',
    agents: true,
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['pingback-flood'],
        sources: 300,
        rate: 0.33,
        ...when(scene),
        agent: 'WordPress/6.4.3; https://blog.example.org; verifying pingback from 192.0.2.7',
        version: '1.1',
        ask: (s) => ({ target: `/?p=${s.random.below(100)}`, ...loaded(s, 0.1) }),
      });
    },
  },
  {
    name: 'web-xmlrpc-flood',
    what: '20 sources post to xmlrpc.php, four times a second each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['pingback-flood'],
        sources: 20,
        rate: 4,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({ method: 'POST', target: '/xmlrpc.php', ...loaded(s, 0.1) }),
      });
    },
  },
  {
    name: 'web-crawl-flood',
    what: '200 sources walk through all documents, once in four seconds each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['crawl-flood'],
        sources: 200,
        rate: 0.25,
        ...when(scene),
        agents: 'own',
        ask: (s) => ({
          target:
            s.random.unit() < 0.6
              ? `/documents/${s.random.below(90_000)}`
              : s.random.unit() < 0.5
                ? `/news/${2000 + s.random.below(26)}/${s.random.below(5000)}-x.html`
                : `/services/${s.pick(['a', 'b', 'c', 'd'])}/${s.random.below(500)}`,
          ...loaded(s, 0.1),
        }),
      });
    },
  },
  {
    name: 'web-http2-flood',
    what: '30 sources open and reset streams of HTTP/2, 20 times a second each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http2-flood'],
        sources: 30,
        rate: 20,
        ...when(scene),
        agents: 'one',
        version: '2.0',
        ask: (s) => ({ target: '/', status: s.random.unit() < 0.8 ? 499 : 200, bytes: 0 }),
      });
    },
  },
  {
    name: 'web-mixed',
    what: '80 sources search, sign in, post and read, once a second each',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['mixed'],
        sources: 80,
        rate: 1,
        ...when(scene),
        agents: 'own',
        ask: (s) => {
          const choice = s.random.unit();
          if (choice < 0.34) return randomSearch(s);
          if (choice < 0.67) return { method: 'POST', target: '/account/login', status: 401 };
          return { target: s.page(), ...loaded(s, 0.2) };
        },
      });
    },
  },
  {
    name: 'web-pulses',
    what: '50 sources, 6 requests a second each, 15 s on and 40 s off',
    make: (scene, style) => {
      day(scene, style);
      flood(scene, style, {
        vectors: ['http-flood'],
        sources: 50,
        rate: 6,
        from: 300,
        to: 600,
        agents: 'own',
        pulse: [15, 40],
        ask: (s) => ({ target: '/services', ...loaded(s, 0.2) }),
      });
    },
  },
  {
    name: 'web-under-crowd',
    what: 'a search flood of 60 sources, once in two seconds each, while twelve times the readers come after the news',
    make: (scene, style) => {
      day(scene, style);
      scene.visits(style, 240, scene.seconds, {
        times: 11,
        newcomers: true,
        landing: () => '/news/2026/77-election.html',
      });
      flood(scene, style, {
        vectors: ['search-flood'],
        sources: 60,
        rate: 0.5,
        from: 420,
        to: 620,
        agents: 'own',
        ask: randomSearch,
      });
    },
  },
  {
    name: 'web-one-of-several',
    what: 'one of three virtual hosts is flooded',
    make: (scene, style) => {
      day(scene, style);
      day(scene, { ...style, name: 'tax.example.gov' });
      day(scene, { ...style, name: 'court.example.gov', visits: style.visits / 4 });
      flood(
        scene,
        { ...style, name: 'court.example.gov' },
        {
          vectors: ['http-flood'],
          sources: 40,
          rate: 2,
          ...when(scene),
          agents: 'own',
          ask: (s) => ({ target: '/', ...loaded(s, 0.4) }),
        },
      );
    },
    hosts: true,
  },
  {
    name: 'web-slowloris',
    what: '20 sources hold 15 connections each until the server gives up after 30 s',
    make: (scene, style) => {
      day(scene, style);
      slowAttack(scene, style, {
        vectors: ['slowloris'],
        sources: 20,
        connections: 15,
        holdSeconds: 30,
        from: 300,
        to: 600,
        event: { method: 'OTHER', target: '', status: 408, bytes: 0 },
      });
    },
  },
  {
    name: 'web-slow-post',
    what: '20 sources send forms a byte at a time over 40 s',
    make: (scene, style) => {
      day(scene, style);
      slowAttack(scene, style, {
        vectors: ['slow-post'],
        sources: 20,
        connections: 20,
        holdSeconds: 40,
        from: 300,
        to: 620,
        event: { method: 'POST', target: '/contact', status: 408, bytes: 0 },
      });
    },
  },
  {
    name: 'web-slow-read',
    what: '20 sources read large pages slowly, 60 s each',
    make: (scene, style) => {
      day(scene, style);
      slowAttack(scene, style, {
        vectors: ['slow-read'],
        sources: 20,
        connections: 25,
        holdSeconds: 60,
        from: 300,
        to: 640,
        event: { method: 'GET', target: '/documents/7', status: 200, bytes: 20_000 },
      });
    },
    times: true,
  },
];
