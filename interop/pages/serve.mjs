// Serves the gallery on loopback with the policy the server sends, takes posts, and answers the status address.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const KINDS = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };

/** Returns the origin, what was posted (newest last), and a way to set the state that `/interaction/7/status` answers. */
export async function serve(gallery) {
  const policy = await readFile(join(gallery, 'policy.txt'), 'utf8');
  const posts = [];
  let state = 'waiting';
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://gallery');
    if (request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      posts.push({ pathname, body: new URLSearchParams(body) });
      response.writeHead(200, { 'content-type': KINDS['.html'] });
      response.end('<!doctype html><title>posted</title><p id="posted">posted');
      return;
    }
    if (pathname === '/interaction/7/status') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ state }));
      return;
    }
    // The operator's gallery has the same addresses for its assets; names carry a hash, so the folders do not clash.
    const path = normalize(pathname);
    for (const folder of ['', 'operator']) {
      try {
        const bytes = await readFile(join(gallery, folder, path));
        response.writeHead(200, {
          'content-type': KINDS[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': policy,
        });
        response.end(bytes);
        return;
      } catch { /* the next folder */ }
    }
    response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    posts,
    setState: (next) => { state = next; },
    close: () => server.close(),
  };
}
