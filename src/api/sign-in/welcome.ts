import { createHash } from 'node:crypto';

/** The page that a link for a new password opens. It stands for itself: it is there before anybody may see anything else. */
const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:12vh auto 0;max-width:26rem;padding:0 1.25rem;word-break:keep-all}
h1{font-size:1.4rem}label{display:block;margin-top:1rem}
input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem;margin-top:.25rem}
button{font:inherit;margin-top:1.5rem;padding:.5rem 1rem}
[role=alert]{border-left:4px solid #d55e00;padding-left:.75rem}[hidden]{display:none}
`;

const hash = createHash('sha256').update(STYLE).digest('base64');
export const WELCOME_POLICY = `default-src 'none'; style-src 'sha256-${hash}'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export const welcomePage = (): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Bonghwa</title><style>${STYLE}</style><script type="module" src="/welcome.js"></script></head><body><main>
<h1 id="title">Bonghwa</h1>
<p id="lede"></p>
<p id="problem" role="alert" hidden></p>
<form id="form" hidden>
<div id="about"><label><span id="name-label"></span><input name="name" autocomplete="name" maxlength="200"></label>
<label><span id="email-label"></span><input name="email" type="email" autocomplete="username" maxlength="254"></label></div>
<label><span id="password-label"></span><input name="password" type="password" autocomplete="new-password" minlength="12" maxlength="256" required></label>
<button type="submit" id="do"></button>
</form>
<noscript>This page needs JavaScript.</noscript>
</main></body></html>
`;

export const WELCOME_SCRIPT = `const texts = {
  en: { first: 'Make the first account', invitation: 'Welcome', reset: 'Choose a new password', name: 'Name', email: 'E-mail address',
    password: 'Password, at least 12 characters', do: 'Choose password and sign in',
    lede: 'This account looks after the station: it invites others and gives them their roles.', over: 'This link is wrong, over, or was used.' },
  ko: { first: '첫 계정 만들기', invitation: '환영합니다', reset: '새 비밀번호 정하기', name: '이름', email: '이메일 주소',
    password: '비밀번호(12자 이상)', do: '비밀번호를 정하고 로그인',
    lede: '이 계정은 스테이션을 관리합니다. 다른 사람을 초대하고 역할을 부여합니다.', over: '링크가 올바르지 않거나, 만료되었거나, 이미 사용되었습니다.' },
  uk: { first: 'Створити перший обліковий запис', invitation: 'Ласкаво просимо', reset: 'Обрати новий пароль', name: 'Імʼя', email: 'Електронна адреса',
    password: 'Пароль, щонайменше 12 символів', do: 'Обрати пароль і увійти',
    lede: 'Цей обліковий запис керує станцією: запрошує інших і надає їм ролі.', over: 'Посилання неправильне, прострочене або вже використане.' },
};
const language = navigator.languages.map((one) => one.slice(0, 2)).find((one) => one in texts) ?? 'en';
const t = texts[language];
document.documentElement.lang = language;
const $ = (id) => document.getElementById(id);
const form = $('form');
const secret = location.hash.slice(1);

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-bonghwa-request': '1' },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error([answer.detail, answer.hint].filter(Boolean).join(' ') || response.statusText);
  return answer;
}

function tell(text) {
  $('problem').textContent = text;
  $('problem').hidden = text === '';
}

for (const [id, text] of [['name-label', t.name], ['email-label', t.email], ['password-label', t.password], ['do', t.do]]) $(id).textContent = text;
try {
  const link = await post('/api/auth/link/look', { secret });
  $('title').textContent = t[link.purpose];
  $('lede').textContent = link.purpose === 'first' ? t.lede : [link.name, link.email].filter(Boolean).join(' · ');
  const first = link.purpose === 'first';
  $('about').hidden = !first;
  for (const name of ['name', 'email']) form.elements[name].required = first;
  form.hidden = false;
  form.querySelector(first ? '[name=name]' : '[name=password]').focus();
} catch {
  tell(t.over);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(form));
  const about = $('about').hidden ? {} : { name, email };
  try {
    await post('/api/auth/link', { secret, password, ...about });
    location.replace('/');
  } catch (error) {
    tell(error.message);
  }
});
`;
