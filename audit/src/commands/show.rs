//! `credit-audit show`: what the records of a log say in clear, listed while the log is checked.

use std::io::{BufWriter, StdoutLock, Write as _};
use std::path::Path;

use credit_audit::leaf::Peek;
use credit_audit::verify::{self, CheckError, ClientFiles, Remote, Visitor};
use credit_policy::normal_case;
use serde_json::{Map, Value, json};

use super::arguments::ShowArguments;
use super::escape::escaped;
use super::stop::{Stop, read_key};
use super::words::Language;

/// Longer texts are only named: sealed members, and tokens, which can be read in the log itself.
const LONGEST_TEXT: usize = 256;

/// What says nothing to a reader without keys.
const SEALED: [&str; 3] = ["sealed", "commit", "answer"];

/// Lists the records that the arguments choose, and checks the log.
pub(super) fn run(arguments: &ShowArguments, language: Language) -> Result<String, Stop> {
    let mut list = List { arguments, out: BufWriter::new(std::io::stdout().lock()) };
    let is_url = arguments.log.starts_with("http://") || arguments.log.starts_with("https://");
    let folder = Path::new(&arguments.log);
    let key = match &arguments.vkey {
        Some(file) => read_key(file, language)?,
        None if is_url => return Err(Stop::Usage(language.show_needs_files())),
        None => read_key(&verify::log_directory(folder).join("log.vkey"), language)?,
    };
    if !arguments.json {
        list.line(&language.show_columns().map(str::to_owned))?;
    }
    let checked = if is_url {
        let identity = arguments.cert.clone().zip(arguments.key.clone());
        if identity.is_none() {
            return Err(Stop::Usage(language.show_needs_files()));
        }
        let files = ClientFiles { authorities: arguments.ca.clone(), identity };
        let remote =
            Remote::new(&arguments.log, &files).map_err(|error| Stop::Usage(language.fault(&error.to_string())))?;
        verify::remote(remote, true, &key, &[], &mut list)
    } else {
        verify::directory(folder, &key, &[], &mut list)
    };
    // What was listed comes before the word that something is wrong with it.
    list.out.flush().map_err(|error| unwritable(&error))?;
    checked?;
    Ok(String::new())
}

struct List<'a> {
    arguments: &'a ShowArguments,
    out: BufWriter<StdoutLock<'static>>,
}

impl Visitor for List<'_> {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        if self.arguments.since.is_some_and(|since| peek.at < since)
            || self.arguments.until.is_some_and(|until| peek.at >= until)
        {
            return Ok(());
        }
        // A leaf that is no JSON is the business of `replay`; here it is listed by its beginning.
        let leaf: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
        if !self.is_chosen(peek, &leaf) {
            return Ok(());
        }
        if self.arguments.json {
            let mut left_out = Vec::new();
            let clear = clear(&Value::Object(leaf), "", &mut left_out).unwrap_or_default();
            left_out.sort_unstable();
            let line = json!({ "index": index, "leaf": clear, "left_out": left_out }).to_string();
            return writeln!(self.out, "{}", escaped(&line)).map_err(|error| unwritable(&error));
        }
        let text = |key: &str| leaf.get(key).and_then(Value::as_str).map(str::to_owned);
        let none = || "-".to_owned();
        self.line(&[
            index.to_string(),
            peek.at.to_string(),
            peek.kind.to_owned(),
            peek.institution.map(str::to_owned).or_else(|| text("institution")).unwrap_or_else(none),
            peek.seq.map_or_else(none, |seq| seq.to_string()),
            text("operator").unwrap_or_else(none),
            text("scenario").unwrap_or_else(none),
            case(&leaf).map_or_else(none, str::to_owned),
            text("outcome").unwrap_or_else(none),
            text("code").or_else(|| counts(&leaf)).unwrap_or_else(none),
        ])
    }
}

impl List<'_> {
    fn is_chosen(&self, peek: &Peek<'_>, leaf: &Map<String, Value>) -> bool {
        let ShowArguments { institution, case: wanted, code, .. } = self.arguments;
        let text = |key: &str| leaf.get(key).and_then(Value::as_str);
        let of_institution = |id: &str| peek.institution.or_else(|| text("institution")) == Some(id);
        let has_code = |code: &str| {
            text("code") == Some(code) || leaf.get("counts").is_some_and(|counts| counts.get(code).is_some())
        };
        institution.as_deref().is_none_or(of_institution)
            && wanted.as_deref().is_none_or(|wanted| case(leaf).map(normal_case) == Some(normal_case(wanted)))
            && code.as_deref().is_none_or(has_code)
    }

    fn line(&mut self, cells: &[String; 10]) -> Result<(), CheckError> {
        let [index, at, kind, rest @ ..] = cells.each_ref().map(|cell| escaped(cell));
        let rest = rest.join("  ");
        writeln!(self.out, "{index:>8}  {at:<27}  {kind:<11}  {rest}").map_err(|error| unwritable(&error))
    }
}

fn case(leaf: &Map<String, Value>) -> Option<&str> {
    leaf.get("ground").and_then(|ground| ground.get("case")).or_else(|| leaf.get("case"))?.as_str()
}

/// What a leaf counts by code, such as `cut-off:3,overloaded:1`.
fn counts(leaf: &Map<String, Value>) -> Option<String> {
    let counts = leaf.get("counts")?.as_object()?;
    Some(counts.iter().map(|(code, count)| format!("{code}:{count}")).collect::<Vec<_>>().join(","))
}

/// A value without what is sealed or long; the names of that go to `left_out`.
fn clear(value: &Value, path: &str, left_out: &mut Vec<String>) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let below = members.iter().filter_map(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if SEALED.contains(&name.as_str()) {
                    left_out.push(path);
                    return None;
                }
                Some((name.clone(), clear(value, &path, left_out)?))
            });
            Some(Value::Object(below.collect()))
        }
        Value::Array(values) => Some(values.iter().filter_map(|value| clear(value, path, left_out)).collect()),
        Value::String(text) if text.len() > LONGEST_TEXT => {
            left_out.push(path.to_owned());
            None
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
    }
}

fn unwritable(error: &std::io::Error) -> CheckError {
    CheckError::Unavailable { what: "stdout".to_owned(), why: error.to_string() }
}
