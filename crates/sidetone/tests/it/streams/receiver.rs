//! Somebody else's server, to which events are streamed.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::PREFIX;

/// How long anything may take that takes some seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Which status a body is answered with, and headers, a line each.
type Reply = dyn Fn(&[u8]) -> (u16, &'static str) + Send + Sync;

/// A request as it came.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// Somebody else's server.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) origin: String,
    received: Arc<Mutex<Vec<Received>>>,
    /// What it answers, by the body, and what it says with that.
    reply: Arc<Mutex<Arc<Reply>>>,
    said: Arc<Mutex<&'static str>>,
}

impl Receiver {
    pub(super) fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(super) fn on(listener: TcpListener) -> Self {
        let receiver = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            received: Arc::default(),
            reply: Arc::new(Mutex::new(Arc::new(|_| (200, "")))),
            said: Arc::default(),
        };
        let serving = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream.unwrap()));
            }
        });
        receiver
    }

    pub(super) fn answers(&self, status: fn(&[u8]) -> u16) {
        self.replies(move |body| (status(body), ""));
    }

    pub(super) fn replies(
        &self,
        reply: impl Fn(&[u8]) -> (u16, &'static str) + Send + Sync + 'static,
    ) {
        *self.reply.lock().unwrap() = Arc::new(reply);
    }

    pub(super) fn says(&self, body: &'static str) {
        *self.said.lock().unwrap() = body;
    }

    /// Answers the requests of a connection.
    fn serve(&self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        loop {
            let head = loop {
                if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                    break end + 4;
                }
                if !more(&mut stream, &mut bytes) {
                    return;
                }
            };
            let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
            let mut lines = text.lines();
            let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
            let headers: HashMap<_, _> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers["content-length"].parse().unwrap();
            while bytes.len() < head + length {
                if !more(&mut stream, &mut bytes) {
                    return;
                }
            }
            let body: Vec<u8> = bytes.drain(..head + length).skip(head).collect();
            let reply = Arc::clone(&self.reply.lock().unwrap());
            let (status, more) = reply(&body);
            self.received.lock().unwrap().push(Received {
                path,
                headers,
                body,
            });
            let said = *self.said.lock().unwrap();
            let length = said.len();
            if write!(
                stream,
                "HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\n\r\n{said}"
            )
            .is_err()
            {
                return;
            }
        }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The events that came, in their order, also those that were refused.
    pub(super) fn events(&self) -> Vec<Value> {
        let received = self.received();
        let of = |it: &Received| serde_json::from_slice::<Vec<Value>>(&it.body).unwrap();
        received.iter().flat_map(of).collect()
    }

    pub(super) fn until(&self, what: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let begin = Instant::now();
        loop {
            let events = self.events();
            if holds(&events) {
                return events;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {:#?}", told(&events));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> bool {
    let mut some = [0; 4096];
    let Ok(count @ 1..) = stream.read(&mut some) else {
        return false;
    };
    bytes.extend_from_slice(&some[..count]);
    true
}

/// Types, without what they all begin with.
pub(super) fn told(events: &[Value]) -> Vec<&str> {
    let types = events.iter().filter_map(|event| event["type"].as_str());
    types
        .map(|it| it.strip_prefix(PREFIX).unwrap_or(it))
        .collect()
}

pub(super) fn has(kind: &str, events: &[Value]) -> bool {
    told(events).contains(&kind)
}
