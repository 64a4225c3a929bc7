//! What a log needs of whoever keeps a second copy of its write-ahead log elsewhere.

use std::io;

/// How far a copy goes: its last segment, by the index of that one's first leaf; how many bytes of it are there, and SHA-256 over
/// these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Index of the first leaf of its last segment.
    pub first: u64,
    /// Bytes of that segment.
    pub bytes: u64,
    /// SHA-256 over them.
    pub sum: [u8; 32],
}

/// Where copies are kept.
pub trait Copies: Send + Sync {
    /// Connects, for the data folder with this id, which was restored from the one with the id `before`; the same where it was not.
    /// Whoever keeps the copy takes it from the folder that it knows, or from the one that was restored from that.
    ///
    /// # Errors
    /// When nobody is there, or this folder is not the one.
    fn connect(&self, before: &[u8; 16], folder: &[u8; 16]) -> io::Result<Box<dyn Copying>>;
}

/// A connection on which a copy goes on. One that failed is not used again.
pub trait Copying: Send {
    /// How far the copy was when it was connected; nothing where it is empty.
    fn reached(&self) -> Option<Reached>;

    /// Sends bytes of a segment, which stand in it from `at` on.
    ///
    /// # Errors
    /// When the connection is gone.
    fn send(&mut self, first: u64, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Waits until all that was sent is durable there. Where nothing was, whether somebody is there.
    ///
    /// # Errors
    /// When the connection is gone, or it takes too long.
    fn confirm(&mut self) -> io::Result<()>;
}
