//! What two officers opened, shown once to the one who did it by a form: it stands in no address, and the approval is spent.

use std::collections::BTreeMap;

use askama::Template;
use credit_policy::Language;
use hyper::Response;
use serde_json::Value;

use super::{form::of_form, page::Frame, viewer::Viewer};
use crate::{gateway::Gateway, transport::Body};

#[derive(Template)]
#[template(path = "officers/unsealed.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    /// The entry of the log that says that it was opened.
    index: u64,
    /// Whose part it is.
    entry: u64,
    /// What is in it, by the name of the member.
    opened: Vec<(&'a str, String)>,
    back: &'a str,
}

pub(in crate::doors) fn show(
    gateway: &Gateway,
    viewer: Viewer,
    (index, entry, opened): (u64, u64, &BTreeMap<String, Value>),
    (language, from): (Language, &str),
) -> Response<Body> {
    let frame = Frame::new(of_form(language, from), true, gateway, viewer, ("/officers/proposals", None));
    let title = frame.say("打开的密封部分", "The sealed part");
    let opened = opened.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    frame.show(&Page { frame: &frame, title, index, entry, opened, back: from }, &())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
