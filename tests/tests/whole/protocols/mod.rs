//! HTTP/1.1 and HTTP/2 side by side: what is refused, in which words, and that nobody loses an answer.

mod early;
mod same;
