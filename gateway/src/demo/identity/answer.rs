//! What the demo's identity service answers with.

use std::fmt::Write;

use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};

const ALWAYS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

fn of(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    of(status, "text/plain; charset=utf-8", text)
}

pub(super) fn html(text: String) -> Response<Full<Bytes>> {
    of(StatusCode::OK, "text/html; charset=utf-8", text)
}

pub(super) fn json(value: serde_json::Value) -> Response<Full<Bytes>> {
    of(StatusCode::OK, "application/json", value.to_string())
}

pub(super) fn redirect(to: &str) -> Response<Full<Bytes>> {
    let mut response = of(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The page on which somebody of `persons.csv` is picked. `login` has nothing in it that HTML would read otherwise.
pub(super) fn page(login: &str, people: &[(String, String)]) -> String {
    let mut options = String::new();
    for (place, (number, note)) in people.iter().enumerate() {
        let end: String = number.chars().skip(14).collect();
        let line = format!("<option value=\"{place}\">{} · {note} · …{end}</option>\n", place + 1);
        options.write_str(&line).unwrap_or_default();
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-Hans\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>演示身份认证 · Demo identity service</title></head>\n<body>\n\
         <main>\n<h1>演示身份认证 <span lang=\"en\">Demo identity service</span></h1>\n\
         <p>这不是真正的身份认证：任选一位虚构人员即可登录，不需要密码。</p>\n\
         <p lang=\"en\">This is no real identification: pick one of the made-up persons, and you are logged in without a password.</p>\n\
         <form method=\"post\" action=\"/chosen\">\n<input type=\"hidden\" name=\"login\" value=\"{login}\">\n\
         <p><label for=\"person\">人员 <span lang=\"en\">Person</span></label>\n\
         <select id=\"person\" name=\"person\">\n{options}</select></p>\n\
         <p><button type=\"submit\">登录 <span lang=\"en\">Log in</span></button></p>\n</form>\n</main>\n</body>\n</html>\n"
    )
}
