//! Plain HTTP, for the listeners that need no certificate.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::{
    Reply,
    client::{parse_head, parse_reply},
};

/// One request, one answer.
#[must_use]
#[track_caller]
pub fn plain(port: u16, method: &str, path: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it answers and closes");
    match method {
        "HEAD" => parse_head(&bytes).0,
        _ => parse_reply(&bytes).0,
    }
}

/// Whether somebody listens there and says 200.
#[must_use]
pub(crate) fn answers(port: u16, path: &str) -> bool {
    let asked = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).ok()?;
        Some(head.ends_with(b" 200"))
    };
    asked().unwrap_or_default()
}

/// Status and text of `/readyz`, but for the warning that the calendar ends: that hangs on the day of the run.
#[must_use]
#[track_caller]
pub fn readiness(port: u16) -> (u16, String) {
    let reply = plain(port, "GET", "/readyz");
    (reply.status.as_u16(), reply.text().replace("warning: calendar-ends\n", ""))
}

/// What a metric stands at, over all its labels; 0 where it is not there yet.
#[must_use]
pub fn metric(port_base: u16, name: &str) -> u64 {
    let text = plain(port_base + 4, "GET", "/metrics").text();
    let lines = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(_, value)| value);
        labels.unwrap_or(rest).strip_prefix(' ')
    });
    lines.map(|value| value.parse::<u64>().expect("a whole number")).sum()
}
