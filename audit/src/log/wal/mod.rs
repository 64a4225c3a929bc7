//! The write-ahead log: the bytes of its segments, writing, reading, and reserving room.

pub(crate) mod append;
pub(crate) mod copied;
pub(crate) mod frame;
pub(crate) mod lower_edge;
pub(crate) mod reserve;
pub(crate) mod segment;
