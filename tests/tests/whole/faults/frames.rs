//! HTTP/2 by hand (RFC 9113, RFC 7541): frames that no client would send in this order.

/// What opens a connection: preface and empty settings.
pub(crate) fn preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(4, 0, 0, &[])[..]].concat()
}

/// The head of a query of so many bytes; the body follows.
pub(crate) fn head(stream: u32, body_bytes: Option<usize>) -> Vec<u8> {
    let length = body_bytes.map(|length| length.to_string());
    let mut fields = vec![
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "127.0.0.1"),
        (":path", "/v1/queries"),
        ("content-type", "application/json"),
    ];
    fields.extend(length.as_deref().map(|length| ("content-length", length)));
    let mut block = Vec::new();
    for (name, value) in fields {
        // Literal, never indexed, a new name; all shorter than 127 bytes.
        block.push(0x10);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("short"));
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(1, END_HEADERS, stream, &block)
}

/// A piece of the body.
pub(crate) fn data(stream: u32, bytes: &[u8], last: bool) -> Vec<u8> {
    frame(0, if last { END_STREAM } else { 0 }, stream, bytes)
}

/// The stream is given up.
pub(crate) fn reset(stream: u32, reason: Reason) -> Vec<u8> {
    frame(3, 0, stream, &(reason as u32).to_be_bytes())
}

/// Why a stream is given up (RFC 9113 §7).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    NoError = 0,
    InternalError = 2,
    Cancel = 8,
}

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The frames that a server sent: type, flags, stream, payload. What is cut short at the end is left out.
pub(crate) fn parse(mut bytes: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<9>() {
        let [a, b, c, kind, flags, s @ ..] = *head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        frames.push((kind, flags, u32::from_be_bytes(s) & 0x7fff_ffff, payload.to_vec()));
        bytes = rest;
    }
    frames
}
