//! Bodies that are made while they are sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// A longer piece is given to the connection in several, so that one that is taken slowly is not in
/// its buffers whole.
const PIECE_BYTES: usize = 32 * 1024;

/// Where the pieces of a body come from. Dropped: its end.
#[derive(Debug)]
pub struct Sender(mpsc::Sender<io::Result<Bytes>>);

/// A body, and where its pieces are given. One piece at a time is on its way.
pub fn body() -> (Sender, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (Sender(sender), Body::new(Pieces(pieces)))
}

impl Sender {
    /// Gives what is next, and returns when the client has taken almost all of it. `false`: the
    /// client is gone.
    pub async fn send(&self, mut bytes: Bytes) -> bool {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
            if self.0.send(Ok(piece)).await.is_err() {
                return false;
            }
        }
        !self.0.is_closed()
    }

    /// Waits until the client is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// Breaks the body off, so that nobody takes what there is of it for all.
    pub async fn break_off(self, why: impl Into<String>) {
        let broken = io::Error::other(why.into());
        // Who is gone need not be told.
        let _ = self.0.send(Err(broken)).await;
    }
}

struct Pieces(mpsc::Receiver<io::Result<Bytes>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.0.poll_recv(context);
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
