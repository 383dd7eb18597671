"""A server that writes down what is sent to it. The standard library only."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Received:
    def __init__(self, method, url, headers, body):
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        self.form = dict(parse_qsl(body, keep_blank_values=True))
        self.signature = headers["X-Twilio-Signature"]


class Receiver:
    """Answers 204, but 503 to the first request for a path that starts with `/again`."""

    def __init__(self):
        self.requests, self._changed = [], threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            def answer(handler):
                body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
                url = "http://%s%s" % (handler.headers["Host"], handler.path)
                known = self.of(urlsplit(url).path)
                with self._changed:
                    self.requests.append(Received(handler.command, url, handler.headers, body))
                    self._changed.notify_all()
                handler.send_response(503 if handler.path.startswith("/again") and not known else 204)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            do_GET = do_POST = do_PUT = answer

            def log_message(handler, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self._server.server_port

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def of(self, path):
        return [request for request in list(self.requests) if urlsplit(request.url).path == path]

    def wait(self, path, count=1, seconds=30):
        end = time.monotonic() + seconds
        with self._changed:
            while len(self.of(path)) < count:
                left = end - time.monotonic()
                assert left > 0, "%d of %d requests for %s" % (len(self.of(path)), count, path)
                self._changed.wait(left)
        return self.of(path)
