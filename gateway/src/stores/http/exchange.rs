//! One request and its answer: what is sent with each, and what of an answer's head makes it none.

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    header::{
        ACCEPT, ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap,
        HeaderName, TRANSFER_ENCODING,
    },
    http::HeaderValue,
};
use zeroize::Zeroizing;

use super::{charset::Charset, fault::HttpFault};

/// An answer that was read to its end.
pub(super) struct Answer {
    bytes: Zeroizing<Vec<u8>>,
    charset: Charset,
}

impl Answer {
    /// Its text.
    ///
    /// # Errors
    /// [`HttpFault::Undecodable`].
    pub(super) fn text(&self) -> Result<std::borrow::Cow<'_, str>, HttpFault> {
        self.charset.decode(&self.bytes)
    }

    /// Its text, without a copy where it is UTF-8 already.
    ///
    /// # Errors
    /// [`HttpFault::Undecodable`].
    pub(super) fn into_text(mut self) -> Result<Zeroizing<String>, HttpFault> {
        let is_plain = self.charset == Charset::Utf8 && !self.bytes.starts_with("\u{feff}".as_bytes());
        if !is_plain {
            return Ok(Zeroizing::new(self.text()?.into_owned()));
        }
        let bytes = std::mem::take(&mut *self.bytes);
        String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            HttpFault::Undecodable
        })
    }
}

/// A request with what every one has. No cookie, no credential of a caller and nothing else of a query goes along.
///
/// # Errors
/// [`HttpFault::Broken`] where an address makes no request, which its parser does not let happen.
pub(super) fn request(
    method: Method,
    host: &str,
    target: &str,
    body: Zeroizing<Vec<u8>>,
) -> Result<Request<Full<Bytes>>, HttpFault> {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, host)
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(CACHE_CONTROL, "no-store");
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
    }
    request.body(Full::new(Bytes::from_owner(body))).map_err(|_| HttpFault::Broken)
}

/// Reads an answer, which must be whole, fresh, in the clear and no larger than `most` bytes.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn answer(response: Response<Incoming>, most: usize) -> Result<Answer, HttpFault> {
    if response.status() != StatusCode::OK {
        return Err(HttpFault::Status(response.status().as_u16()));
    }
    read(response, most).await.map(|(_, answer)| answer)
}

/// [`answer`] of any status.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn read(response: Response<Incoming>, most: usize) -> Result<(StatusCode, Answer), HttpFault> {
    let (head, body) = response.into_parts();
    in_the_clear(&head.headers)?;
    let charset = charset(&head.headers)?;
    let bytes = whole(body, most).await?;
    Ok((head.status, Answer { bytes, charset }))
}

/// Reads an answer as [`answer`] does, and nothing where the store says that there is none (404). That too is read to its
/// end: a connection that was closed instead would make the next request slower.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn some_answer(response: Response<Incoming>, most: usize) -> Result<Option<Answer>, HttpFault> {
    if response.status() != StatusCode::NOT_FOUND {
        return answer(response, most).await.map(Some);
    }
    let (head, body) = response.into_parts();
    in_the_clear(&head.headers)?;
    whole(body, most).await?;
    Ok(None)
}

/// The bytes of a body, no more than `most`.
///
/// # Errors
/// Where there are more, or it breaks off.
pub(super) async fn whole(mut body: Incoming, most: usize) -> Result<Zeroizing<Vec<u8>>, HttpFault> {
    let too_large = || HttpFault::TooLarge(most);
    let least = usize::try_from(body.size_hint().lower()).map_err(|_| too_large())?;
    if least > most {
        return Err(too_large());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(least));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| HttpFault::Broken)?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

/// That the bytes are those that the store made for this request.
fn in_the_clear(headers: &HeaderMap) -> Result<(), HttpFault> {
    // Of a body in another transfer coding nobody says where it ends.
    let is_coded = all(headers, TRANSFER_ENCODING).any(|value| !value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if is_coded || (headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH)) {
        return Err(HttpFault::Encoded("Transfer-Encoding"));
    }
    if all(headers, CONTENT_ENCODING).any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(HttpFault::Encoded("Content-Encoding"));
    }
    // A cache that passed the request on says 0 (RFC 9111 §5.1).
    if all(headers, AGE).any(|value| value.as_bytes() != b"0") {
        return Err(HttpFault::Cached);
    }
    Ok(())
}

fn charset(headers: &HeaderMap) -> Result<Charset, HttpFault> {
    let mut types = all(headers, CONTENT_TYPE);
    match (types.next().map(HeaderValue::to_str), types.next()) {
        (None, None) => Charset::of(""),
        (Some(Ok(named)), None) => Charset::of(named),
        _ => Err(HttpFault::Charset),
    }
}

fn all(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &HeaderValue> {
    headers.get_all(name).into_iter()
}
