//! The request of a route: the one that a client sends, and the one that the store gets. Nothing of the first is part of the
//! second but the citizen number.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// What stands for the number.
pub(super) const NUMBER: &str = "{citizen_number}";

/// A text with the number in it, or without.
#[derive(Debug)]
struct Pattern {
    before: String,
    /// Nothing where the number is not in it.
    after: Option<String>,
}

/// The request of a route.
#[derive(Debug)]
pub(crate) struct Template {
    path: Pattern,
    query: Vec<(String, Pattern)>,
    /// As the configuration has it, for the store.
    raw_query: Option<String>,
    body: Option<(String, Value)>,
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateFault {
    /// No path.
    #[error(
        "`path` must be a path of visible ASCII characters that begins with a slash, without `//`, `.`, `..` and `#`"
    )]
    Path,
    /// A path of the gateway's own.
    #[error("paths below /v1 are the gateway's own: choose another address for the route")]
    Own,
    /// No query string.
    #[error("the query string of `path` must be `name=value` pairs, each name once")]
    Query,
    /// No JSON object.
    #[error("`body` must be a JSON object")]
    Body,
    /// No number, or more than one.
    #[error("the place of the citizen number must stand once in `path`, or as a whole string in `body`")]
    Number,
}

/// Why a request is none of a route whose path it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The query string.
    Query,
    /// The body.
    Body,
}

/// What a request said beside the number, by the names that the route takes.
pub(crate) type Said = Vec<(String, Zeroizing<String>)>;

impl Pattern {
    fn of(text: &str) -> Self {
        match text.split_once(NUMBER) {
            Some((before, after)) => Self { before: before.to_owned(), after: Some(after.to_owned()) },
            None => Self { before: text.to_owned(), after: None },
        }
    }

    /// Nothing where the text does not fit; where it does, the number if it is in it.
    fn fits<'t>(&self, text: &'t str) -> Option<Option<&'t str>> {
        match &self.after {
            None => (text == self.before).then_some(None),
            Some(after) => {
                let number = text.strip_prefix(self.before.as_str())?.strip_suffix(after.as_str())?;
                (!number.is_empty()).then_some(Some(number))
            }
        }
    }

    fn write(&self, number: &str, to: &mut String) {
        to.push_str(&self.before);
        if let Some(after) = &self.after {
            to.push_str(number);
            to.push_str(after);
        }
    }
}

impl Pattern {
    fn schema(&self) -> Value {
        match &self.after {
            None => json!({"const": self.before}),
            Some(after) if self.before.is_empty() && after.is_empty() => citizen_number(),
            Some(after) => json!({"type": "string", "description": format!("{}{NUMBER}{after}", self.before)}),
        }
    }
}

fn described(name: &str, place: &str, schema: Value) -> Value {
    json!({"name": name, "in": place, "required": true, "schema": schema})
}

fn citizen_number() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{17}[0-9Xx]$"})
}

/// What a client must send, member for member.
fn schema(template: &Value) -> Value {
    match template {
        Value::String(text) if text == NUMBER => citizen_number(),
        Value::Array(all) => {
            let (items, length): (Vec<_>, _) = (all.iter().map(schema).collect(), all.len());
            json!({"type": "array", "prefixItems": items, "minItems": length, "maxItems": length})
        }
        Value::Object(all) => {
            let properties: Map<_, _> = all.iter().map(|(name, value)| (name.clone(), schema(value))).collect();
            let required: Vec<_> = all.keys().collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => json!({"const": template}),
    }
}

impl Template {
    /// Reads one.
    ///
    /// # Errors
    /// [`TemplateFault`].
    pub(crate) fn parse(path: &str, body: Option<&str>) -> Result<Self, TemplateFault> {
        let numbers = path.matches(NUMBER).count() + body.map_or(0, |body| body.matches(NUMBER).count());
        if numbers != 1 {
            return Err(TemplateFault::Number);
        }
        let (path, raw_query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (path, None),
        };
        // With a number in its place it must be a path that the store can be asked for as it is written.
        let is_sound = path.starts_with('/')
            && path.replace(NUMBER, "1").parse::<hyper::http::uri::PathAndQuery>().is_ok()
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
            && path.split('/').skip(1).all(|step| !matches!(step, "" | "." | ".."));
        if !is_sound {
            return Err(TemplateFault::Path);
        }
        if path == "/v1" || path.starts_with("/v1/") {
            return Err(TemplateFault::Own);
        }
        let query = raw_query.as_deref().map_or(Ok(Vec::new()), patterns)?;
        let body = body.map(template_body).transpose()?;
        Ok(Self { path: Pattern::of(path), query, raw_query, body })
    }

    /// Whether a path is of this route; with the number, if it stands in it. The bytes are compared as they were sent:
    /// what is written in another way, with percent signs or in another case, is another path.
    pub(crate) fn path<'t>(&self, path: &'t str) -> Option<Option<&'t str>> {
        self.path.fits(path).filter(|number| number.is_none_or(|number| !number.contains('/')))
    }

    /// The path, with the place of the number in it if it stands there.
    pub(super) fn path_text(&self) -> String {
        let mut path = String::new();
        self.path.write(NUMBER, &mut path);
        path
    }

    /// The parameters of path and query string, as OpenAPI describes them.
    pub(super) fn parameters(&self) -> Vec<Value> {
        let of_path = self.path.after.as_ref().map(|_| described("citizen_number", "path", citizen_number()));
        let of_query = self.query.iter().map(|(name, pattern)| described(name, "query", pattern.schema()));
        of_path.into_iter().chain(of_query).collect()
    }

    /// The body, as JSON Schema describes it.
    pub(super) fn body_schema(&self) -> Option<Value> {
        self.body.as_ref().map(|(_, template)| schema(template))
    }

    /// Whether two routes could be asked for by one path.
    pub(crate) fn has_the_path_of(&self, other: &Self) -> bool {
        self.path.before == other.path.before && self.path.after == other.path.after
    }

    /// Reads a query string, which has the parameters of the route, each once, and no others but those of `names`.
    ///
    /// # Errors
    /// [`Mismatch::Query`].
    pub(crate) fn query(
        &self,
        query: Option<&str>,
        names: &[&str],
    ) -> Result<(Option<Zeroizing<String>>, Said), Mismatch> {
        let (mut number, mut said) = (None, Said::new());
        let mut seen = vec![false; self.query.len()];
        for pair in query.filter(|query| !query.is_empty()).into_iter().flat_map(|query| query.split('&')) {
            let (name, value) = pair.split_once('=').ok_or(Mismatch::Query)?;
            let (name, value) = (decoded(name)?, decoded(value)?);
            let place = self.query.iter().position(|(known, _)| *known == *name);
            match place.and_then(|at| Some((self.query.get(at)?, seen.get_mut(at)?))) {
                Some(((_, pattern), seen)) if !*seen => {
                    *seen = true;
                    if let Some(found) = pattern.fits(&value).ok_or(Mismatch::Query)? {
                        number = Some(Zeroizing::new(found.to_owned()));
                    }
                }
                None if names.contains(&name.as_str()) && !said.iter().any(|(before, _)| *before == *name) => {
                    said.push((name.to_string(), value));
                }
                Some(_) | None => return Err(Mismatch::Query),
            }
        }
        if seen.contains(&false) { Err(Mismatch::Query) } else { Ok((number, said)) }
    }

    /// Reads a body, which has the members of the route and no others but those of `names`. Of a route without one it
    /// must be empty.
    ///
    /// # Errors
    /// [`Mismatch::Body`].
    pub(crate) fn body(
        &self,
        sent: Option<Value>,
        names: &[&str],
    ) -> Result<(Option<Zeroizing<String>>, Said), Mismatch> {
        let (template, sent) = match (&self.body, sent) {
            (None, None) => return Ok((None, Said::new())),
            (Some((_, template)), Some(sent)) => (template, sent),
            (None, Some(_)) | (Some(_), None) => return Err(Mismatch::Body),
        };
        let (Value::Object(template), Value::Object(mut sent)) = (template, sent) else { return Err(Mismatch::Body) };
        let mut said = Said::new();
        for name in names.iter().filter(|name| !template.contains_key(**name)) {
            match sent.remove(*name) {
                Some(Value::String(value)) => said.push(((*name).to_owned(), Zeroizing::new(value))),
                Some(_) => return Err(Mismatch::Body),
                None => {}
            }
        }
        let mut number = None;
        let fits = sent.len() == template.len()
            && template.iter().all(|(name, of)| sent.get(name).is_some_and(|value| same(of, value, &mut number)));
        if fits { Ok((number, said)) } else { Err(Mismatch::Body) }
    }

    /// Path and query string for the store.
    pub(crate) fn target(&self, number: &str) -> Zeroizing<String> {
        // Room enough, so that no half-written copy of the number is left behind.
        let parts = [&self.path.before, self.path.after.as_ref().unwrap_or(&self.path.before)];
        let length = parts.map(String::len).iter().sum::<usize>() + self.raw_query.as_ref().map_or(0, String::len);
        let mut target = Zeroizing::new(String::with_capacity(length + number.len() + 1));
        self.path.write(number, &mut target);
        if let Some(query) = &self.raw_query {
            target.push('?');
            Pattern::of(query).write(number, &mut target);
        }
        target
    }

    /// The body for the store; empty where the route has none.
    pub(crate) fn sent(&self, number: &str) -> Zeroizing<Vec<u8>> {
        let text = self.body.as_ref().map(|(text, _)| text.replace(NUMBER, number));
        Zeroizing::new(text.unwrap_or_default().into_bytes())
    }
}

fn patterns(query: &str) -> Result<Vec<(String, Pattern)>, TemplateFault> {
    let mut all: Vec<(String, Pattern)> = Vec::new();
    let is_sound = format!("/?{}", query.replace(NUMBER, "1")).parse::<hyper::http::uri::PathAndQuery>().is_ok();
    if !is_sound {
        return Err(TemplateFault::Query);
    }
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or(TemplateFault::Query)?;
        let decode = |text: &str| decoded(text).map(|text| text.to_string()).map_err(|_| TemplateFault::Query);
        let (name, value) = (decode(name)?, decode(value)?);
        if name.contains(NUMBER) || all.iter().any(|(before, _)| *before == name) {
            return Err(TemplateFault::Query);
        }
        all.push((name, Pattern::of(&value)));
    }
    Ok(all)
}

fn template_body(text: &str) -> Result<(String, Value), TemplateFault> {
    let value: Value = serde_json::from_str(text).map_err(|_| TemplateFault::Body)?;
    if !value.is_object() {
        return Err(TemplateFault::Body);
    }
    if text.contains(NUMBER) && numbers(&value) != 1 {
        return Err(TemplateFault::Number);
    }
    Ok((text.to_owned(), value))
}

/// How many strings of it are the number's place.
fn numbers(value: &Value) -> usize {
    match value {
        Value::String(text) => usize::from(text == NUMBER),
        Value::Array(all) => all.iter().map(numbers).sum(),
        Value::Object(all) => all.values().map(numbers).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Whether a value is the one of the template, with a text where the number is due.
fn same(template: &Value, value: &Value, number: &mut Option<Zeroizing<String>>) -> bool {
    match (template, value) {
        (Value::String(place), Value::String(text)) if place == NUMBER => {
            *number = Some(Zeroizing::new(text.clone()));
            true
        }
        (Value::Array(template), Value::Array(values)) => {
            template.len() == values.len() && template.iter().zip(values).all(|(of, value)| same(of, value, number))
        }
        (Value::Object(template), Value::Object(values)) => {
            template.len() == values.len()
                && template.iter().all(|(name, of)| values.get(name).is_some_and(|value| same(of, value, number)))
        }
        (template, value) => template == value,
    }
}

/// Decodes percent signs and blanks of a query string once; what is no such text, or decodes to a control character, is none.
fn decoded(text: &str) -> Result<Zeroizing<String>, Mismatch> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => {
                let (high, low) = (hex(rest.next()), hex(rest.next()));
                let value = high.zip(low).map(|(high, low)| high * 16 + low).ok_or(Mismatch::Query)?;
                bytes.push(u8::try_from(value).map_err(|_| Mismatch::Query)?);
            }
            // So forms and the libraries of many languages write a blank.
            b'+' => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Mismatch::Query)?;
    if text.chars().any(char::is_control) { Err(Mismatch::Query) } else { Ok(Zeroizing::new(text.to_owned())) }
}
