//! What each client gets with each form: status, protocol, and `receipt` or the code of the refusal.

/// A row: the form, and what its user sees.
pub(super) type Row = (&'static str, &'static str);

const H1: &str = "200 h1.1 receipt";
const H2: &str = "200 h2 receipt";
/// A body without a length over HTTP/1.1: `Transfer-Encoding: chunked`.
const CHUNKED: &str = "200 h1.1 receipt";
/// A body that is compressed and chunked.
const COMPRESSED: &str = "415 h1.1 unsupported-media-type";
/// Chinese in an answer, to a client that goes by the `charset` of its type.
const TITLE: &str = "readable";

pub(super) const SHELL: &[Row] = &[
    ("curl -d", H2),
    ("curl --json", H2),
    ("curl --http1.1 -d", H1),
    ("curl --http1.0 -d", "200 h1 receipt"),
    ("curl --tls-max 1.2 -d", H2),
    ("curl --http1.1 Expect", H1),
    ("curl --http2 Expect", H2),
    ("curl --http2 -T -", H2),
    ("curl --http1.1 -T -", CHUNKED),
    ("curl --http1.1 -T file", H1),
    ("curl --http1.1 -d chunked", CHUNKED),
    ("curl -d without type", "415 h2 unsupported-media-type"),
    ("wget --post-file", H1),
    ("wget --body-file", H1),
];

pub(super) const PYTHON: &[Row] = &[
    ("requests json", H1),
    ("requests str", H1),
    ("requests file", H1),
    ("requests generator", CHUNKED),
    ("httpx json h1", H1),
    ("httpx json h2", H2),
    ("httpx generator h1", CHUNKED),
    ("httpx generator h2", H2),
    ("aiohttp json", H1),
    ("aiohttp bytes", H1),
    ("aiohttp file", H1),
    ("aiohttp expect100", H1),
    ("aiohttp generator", CHUNKED),
    ("aiohttp compress", COMPRESSED),
    ("urllib bytes", H1),
    ("urllib iterable", CHUNKED),
];

pub(super) const NODE: &[Row] = &[
    ("https end", H1),
    ("https write with length", H1),
    ("https Expect", H1),
    ("https Expect chunked", CHUNKED),
    ("https write", CHUNKED),
    ("https pipe", CHUNKED),
    ("http2 end", H2),
    ("http2 Expect", H2),
    ("fetch string h1", H1),
    ("fetch Blob h1", H1),
    ("fetch stream h1", CHUNKED),
    ("fetch generator h1", CHUNKED),
    ("fetch string h2", H2),
    ("fetch stream h2", H2),
    ("axios object", H1),
    ("axios string", H1),
    ("axios stream", CHUNKED),
    ("got json", H1),
    ("got stream", CHUNKED),
    ("got json h2", "200 h2.0 receipt"),
    ("node-fetch string", H1),
    ("node-fetch stream", CHUNKED),
];

pub(super) const JAVA: &[Row] = &[
    ("HttpClient ofString h1", H1),
    ("HttpClient ofFile h1", H1),
    ("HttpClient ofInputStream h1", CHUNKED),
    ("HttpClient fromPublisher h1", CHUNKED),
    ("HttpClient expectContinue h1", H1),
    ("HttpClient ofString h2", H2),
    ("HttpClient ofFile h2", H2),
    ("HttpClient ofInputStream h2", H2),
    ("HttpClient fromPublisher h2", H2),
    ("HttpClient expectContinue h2", H2),
    ("HttpsURLConnection", H1),
    ("HttpsURLConnection chunked", CHUNKED),
];

pub(super) const APACHE_4: &[Row] = &[
    ("HttpClient 4.5 StringEntity", H1),
    ("HttpClient 4.5 StringEntity expect", H1),
    ("HttpClient 4.5 InputStreamEntity", CHUNKED),
    ("HttpClient 4.5 InputStreamEntity expect", CHUNKED),
    ("HttpClient 4.5 EntityTemplate", CHUNKED),
    ("HttpClient 4.5 GzipCompressingEntity", COMPRESSED),
];

pub(super) const APACHE_5: &[Row] = &[
    ("HttpClient 5 StringEntity", H1),
    ("HttpClient 5 StringEntity expect", H1),
    ("HttpClient 5 InputStreamEntity", CHUNKED),
    ("HttpClient 5 InputStreamEntity expect", CHUNKED),
    ("HttpClient 5 title of a refusal", TITLE),
];

pub(super) const GO: &[Row] = &[
    ("net/http bytes.Reader h1", H1),
    ("net/http io.Reader h1", CHUNKED),
    ("net/http io.Pipe h1", CHUNKED),
    ("net/http Expect h1", H1),
    ("net/http bytes.Reader h2", "200 h2.0 receipt"),
    ("net/http io.Reader h2", "200 h2.0 receipt"),
    ("net/http io.Pipe h2", "200 h2.0 receipt"),
    ("net/http Expect h2", "200 h2.0 receipt"),
];

pub(super) const PHP: &[Row] = &[
    ("PHP POSTFIELDS h2", H2),
    ("PHP POSTFIELDS h1", H1),
    ("PHP POSTFIELDS array", "415 h2 unsupported-media-type"),
    ("PHP READFUNCTION h1", CHUNKED),
    ("PHP READFUNCTION h2", H2),
    ("PHP INFILE without size h1", CHUNKED),
    ("PHP stream wrapper", H1),
];

pub(super) const RUBY: &[Row] = &[
    ("Net::HTTP body", H1),
    ("Net::HTTP post", H1),
    ("Net::HTTP Expect", H1),
    ("Net::HTTP body_stream with length", H1),
    ("Net::HTTP body_stream chunked", CHUNKED),
];

pub(super) const PERL: &[Row] = &[("LWP content", H1), ("LWP code with length", H1), ("LWP code", CHUNKED)];
