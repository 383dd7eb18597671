'use strict';
// As much of a signalling gateway as the stock SDK needs for an outgoing call. The far end is a page.

const { randomBytes } = require('node:crypto');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const HEARTBEAT_MS = 5_000; // Without one for 15 s the SDK connects anew.

/** Serves wss on a port of 127.0.0.1. `answer(offer)` gives the far end's SDP. */
function serve(tls, answer) {
  const server = https.createServer(tls);
  new WebSocketServer({ server }).on('connection', (socket) => {
    const beats = setInterval(() => socket.readyState === 1 && socket.send('\n'), HEARTBEAT_MS);
    socket.on('close', () => clearInterval(beats));
    const send = (type, payload) => socket.send(JSON.stringify({ type, version: '1.6', payload }));
    socket.on('message', async (data) => {
      const text = data.toString();
      if (text.trim() === '') return socket.send('\n');
      const { type, payload = {} } = JSON.parse(text);
      if (type === 'listen') {
        send('connected', { edge: 'lab', region: 'us1', token: { identity: 'alice', ttl: 3600 } });
        send('ready', {});
      } else if (type === 'invite') {
        const callsid = `CA${randomBytes(16).toString('hex')}`;
        const sdp = await answer(payload.sdp);
        send('ringing', { callsid });
        setTimeout(() => send('answer', { callsid, sdp, reconnect: 'token' }), 800);
      }
      return undefined;
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

module.exports = { serve };
