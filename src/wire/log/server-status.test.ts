import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseServerStatus } from './server-status.ts';

it('stub_status of nginx', () => {
  const page =
    'Active connections: 291 \nserver accepts handled requests\n 16630948 16630948 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n';
  assert.deepEqual(parseServerStatus(page), {
    connections: 291,
    requests: 31_070_465,
    reading: 6,
    writing: 179,
    waiting: 106,
  });
});

it('statistics of HAProxy: the sum of its frontends', () => {
  const page = [
    '# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,req_tot,',
    'www,FRONTEND,,,120,300,2000,9000,1,8000,',
    'api,FRONTEND,,,30,50,1000,100,1,90,',
    'pool,one,0,0,99,100,,9000,1,,',
    'pool,BACKEND,0,0,99,100,300,9000,1,,',
  ].join('\n');
  assert.deepEqual(parseServerStatus(page), { connections: 150, connectionsMax: 3000, requests: 8090 });
});

it('server-status of Apache, with its scoreboard', () => {
  const page =
    'localhost\nServerVersion: Apache/2.4\nTotal Accesses: 1234\nBusyWorkers: 4\nIdleWorkers: 3\nConnsTotal: 9\nConnsAsyncKeepAlive: 2\nScoreboard: RRRW_K_...\n';
  assert.deepEqual(parseServerStatus(page), {
    connections: 9,
    connectionsMax: 10,
    reading: 3,
    writing: 1,
    waiting: 3,
    requests: 1234,
  });
});

it('anything else is none', () => {
  for (const page of ['', '<html></html>', 'Active connections: many', '# pxname,svname\nx,BACKEND']) {
    assert.equal(parseServerStatus(page), undefined);
  }
});
