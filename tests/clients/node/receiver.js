'use strict';
// A server that writes down what is sent to it. It answers 204, but 503 to the first request for a path that starts with
// `/again`.

const http = require('node:http');

async function receive() {
  const requests = [];
  const of = (path) => requests.filter((request) => new URL(request.url).pathname === path);
  const server = http.createServer((incoming, answer) => {
    const parts = [];
    incoming.on('data', (part) => parts.push(part));
    incoming.on('end', () => {
      const url = `http://${incoming.headers.host}${incoming.url}`;
      const body = Buffer.concat(parts).toString();
      const isFirst = of(new URL(url).pathname).length === 0;
      requests.push({
        method: incoming.method, url, body, headers: incoming.headers,
        query: Object.fromEntries(new URL(url).searchParams), form: Object.fromEntries(new URLSearchParams(body)),
        signature: incoming.headers['x-twilio-signature'],
      });
      answer.writeHead(incoming.url.startsWith('/again') && isFirst ? 503 : 204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function wait(path, count = 1) {
    for (const end = Date.now() + 30_000; of(path).length < count;) {
      if (Date.now() > end) throw new Error(`${of(path).length} of ${count} requests for ${path}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return of(path);
  }
  function close() {
    server.close();
    server.closeAllConnections();
  }
  return { url: `http://127.0.0.1:${server.address().port}`, wait, close };
}

module.exports = { receive };
