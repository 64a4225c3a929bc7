//! A body that grows line by line, as fast as its caller takes it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Bytes, Frame};
use tokio::sync::mpsc;

/// Lines of a body. Who puts them in waits while the caller takes none.
pub struct Lines(mpsc::Receiver<Bytes>);

impl Lines {
    /// At most `room` lines wait to be taken.
    #[must_use]
    pub fn new(room: usize) -> (mpsc::Sender<Bytes>, Self) {
        let (sender, receiver) = mpsc::channel(room);
        (sender, Self(receiver))
    }
}

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}
