import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Message } from "../src/envelope";
import { Outbox, type Route } from "../src/outbox";

/** Statuses that the server answers, one after another; then 200. */
let answers: number[];
let seen: string[];
/** A token that has expired: always 401. */
let expired: string;
let server: Server;
let url: string;
let errors: string[];
let kept: Message[];

beforeEach(async () => {
  answers = [];
  seen = [];
  expired = "";
  errors = [];
  kept = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { number } = JSON.parse(Buffer.concat(chunks).toString()) as { number: number };
    const token = request.headers["x-twilio-token"];
    const status = token === expired ? 401 : (answers.shift() ?? 200);
    seen.push(`${number} ${token} ${status}`);
    response.writeHead(status, { "Retry-After": "0" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
});

const message = (number: number): Message => ({ path: "/v4/EndpointEvents", body: { number } });
const messages = (count: number) => Array.from({ length: count }, (_, number) => message(number));

function outbox(more: Partial<Route> = {}, unsent: Message[] = []): Outbox {
  const onError = (error: Error) => errors.push(error.message);
  const route: Route = { url, token: "old", onError, ...more };
  return new Outbox("CA1", route, unsent, (left) => {
    kept = [...left];
  });
}

test("messages arrive one after another, those of before first", async () => {
  const box = outbox({}, [message(7)]);
  box.push(message(8), message(9));
  await box.drained();
  expect(seen).toEqual(["7 old 200", "8 old 200", "9 old 200"]);
  expect(kept).toEqual([]);
});

test.each([408, 429, 500, 503])("after %i a message is sent again, and the order stays", async (status) => {
  answers = [status, status];
  const box = outbox();
  box.push(message(1), message(2));
  await box.drained();
  expect(seen).toEqual([`1 old ${status}`, `1 old ${status}`, "1 old 200", "2 old 200"]);
  expect(errors).toHaveLength(1);
  expect(box.dropped).toBe(0);
});

test.each([400, 404, 413, 422])("what is refused with %i is dropped, counted and told", async (status) => {
  answers = [status];
  const box = outbox();
  box.push(message(1), message(2));
  await box.drained();
  expect(seen).toEqual([`1 old ${status}`, "2 old 200"]);
  expect(box.dropped).toBe(1);
  expect(errors).toEqual([`sidetone: the server answered ${status} to /v4/EndpointEvents`]);
});

test.each([401, 403])("after %i a new token is asked for, once for all that wait", async (status) => {
  answers = [status];
  const asked: string[] = [];
  const box = outbox({
    renewToken: async (callSid) => {
      asked.push(callSid);
      return "new";
    },
  });
  box.push(message(1), message(2));
  await box.drained();
  expect(seen).toEqual([`1 old ${status}`, "1 new 200", "2 new 200"]);
  expect(asked).toEqual(["CA1"]);
});

test("without a token one is asked for before anything is sent", async () => {
  const box = outbox({ token: null, renewToken: () => "new" }, [message(1)]);
  box.start();
  await box.drained();
  expect(seen).toEqual(["1 new 200"]);
});

test("a callback that fails keeps what waits", async () => {
  const box = outbox({ token: null, renewToken: () => Promise.reject(new Error("signed out")) });
  box.push(message(1));
  await expect.poll(() => errors).toHaveLength(1);
  expect(errors[0]).toContain("signed out");
  expect(kept).toEqual([message(1)]);
  expect(box.unsent).toBe(1);
});

test("another observation of the call brings its token, and what waits is sent by it", async () => {
  expired = "old";
  const box = outbox();
  box.push(message(1));
  await expect.poll(() => errors).toHaveLength(1);
  box.follow({ url, token: "new", onError: () => {} });
  await box.drained();
  expect(seen[0]).toBe("1 old 401");
  expect(seen.at(-1)).toBe("1 new 200");
});

test("nobody there: it waits, and goes on when the network is back", async () => {
  const there = url;
  const box = outbox({ url: "http://127.0.0.1:1" });
  box.push(message(1));
  await expect.poll(() => errors).toHaveLength(1);
  expect(box.unsent).toBe(1);
  const again = outbox({ url: there }, kept);
  again.hurry();
  await again.drained();
  expect(seen).toEqual(["1 old 200"]);
});

test("too much that waits drops the oldest", async () => {
  const box = outbox({ url: "http://127.0.0.1:1" });
  box.push(...messages(310));
  expect(box.unsent).toBe(300);
  expect(box.dropped).toBe(10);
  expect(kept[0]).toEqual(message(10));
});

test("a page that goes sends all that fits, without waiting", async () => {
  const box = outbox({ url: "http://127.0.0.1:1" });
  box.push(...messages(3));
  const leaving = outbox({}, kept);
  leaving.leave();
  await expect.poll(() => [...seen].sort()).toEqual(["0 old 200", "1 old 200", "2 old 200"]);
  await expect.poll(() => leaving.unsent).toBe(0);
});
