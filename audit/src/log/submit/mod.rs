//! The way in: the queue before the writer, and the ticket that its submitter gets.

pub(crate) mod durable;
pub(crate) mod mailbox;
pub(crate) mod queue;
pub(crate) mod ticket;
